"""Words of generated items. A word is in one list only, so that filler never holds an answer."""

ANSWERS = (
    *("anchor", "basket", "candle", "dolphin", "engine", "feather", "guitar", "hammer", "island", "jacket"),
    *("kettle", "ladder", "magnet", "needle", "orange", "pencil", "rabbit", "saddle", "tunnel", "violin"),
    *("whistle", "barrel", "camera", "donkey", "falcon", "garlic", "helmet", "lemon", "mirror", "pillow"),
)
"""What is hidden, and asked."""

PEOPLE = (
    *("Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Henry", "Irene", "Jacob"),
    *("Karen", "Louis", "Maria", "Noah", "Olga", "Peter", "Rosa", "Simon", "Tara", "Victor"),
)

PLACES = ("harbour", "library", "museum", "station", "bakery", "hospital", "theatre", "school", "airport", "castle")

FILLER_SUBJECTS = ("The wind", "The road", "A cloud", "The grass", "A bird", "The snow", "A fence", "The valley")
FILLER_VERBS = ("lies near", "moves past", "rests by", "bends around", "fades behind", "turns towards", "reaches")
FILLER_PLACES = ("the quiet field", "the old wall", "the low hill", "the dry creek", "the white gate", "the far slope")
FILLER_TIMES = ("in spring", "at noon", "after dark", "most days", "in winter", "before dawn")
