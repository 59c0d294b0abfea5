"""Series classification: `{"id", "row" or "values", "label"}`; an answer is class indices, the likeliest first.

`row` is an index into the array that `preparation` names, [n, time] or [n, time, channels]; `values` holds the same as
numbers: [time] or [time][channels]. The keys of `preparation`, each of which may be left out:

- `array`: the array of the rows, as `files/series.npy`.
- `order`: `time-channel` (default) or `channel-time`: what the model's input has first.
- `scale`, `mean`, `std`: as of image classification; mean and std are a number, or one a channel.
- `output`: the output's name. Default: the first one with a value for each class.
"""

from edgeprof.quality.tasks.image_classification import ImageClassification


class SeriesClassification(ImageClassification):
    """Accuracy of the first answer, and of the first five where there are more classes."""

    name = "series-classification"
    title = "Series classification"
    domain = "sensor"
