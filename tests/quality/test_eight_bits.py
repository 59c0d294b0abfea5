"""Grey images of more than 8 bits: as dark as they are, or refused."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgeprof.errors import EdgeprofError
from edgeprof.quality.perturbations.images import read_image
from edgeprof.quality.sets.importing.images import check_image
from edgeprof_agent.worker.evaluation.base import NoAnswer
from edgeprof_agent.worker.evaluation.stored_items import pixels

GREY = (np.arange(12).reshape(3, 4) * 5000).astype(np.uint16)


def test_sixteen_bits_are_not_cut_off_at_255(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "a.png")
    assert pixels(tmp_path / "a.png", 1)[..., 0].tolist() == (GREY >> 8).tolist()
    assert pixels(tmp_path / "a.png", 3)[..., 2].tolist() == (GREY >> 8).tolist()
    assert read_image(tmp_path / "a.png", "a")[0][..., 0] * 255 == pytest.approx(GREY >> 8)


def test_a_pgm_of_sixteen_bits_is_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5 4 3 65535\n" + GREY.astype(">u2").tobytes())
    assert pixels(tmp_path / "a.pgm", 1)[..., 0].tolist() == (GREY >> 8).tolist()


def test_a_grey_image_of_sixteen_bits_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(GREY).save(tmp_path / "a.png", exif=turned)
    assert pixels(tmp_path / "a.png", 1).shape == (4, 3, 1)


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_pixels_without_a_white_are_refused(kind: "type[np.float32] | type[np.int32]", tmp_path: Path) -> None:
    packed = io.BytesIO()
    Image.fromarray(np.asarray(GREY, dtype=kind)).save(packed, "TIFF")
    (tmp_path / "a.tiff").write_bytes(packed.getvalue())
    with pytest.raises(EdgeprofError, match=r"a\.tiff: .*white is not known. Save it with 8 or 16 bits"):
        check_image(tmp_path / "a.tiff")
    with pytest.raises(NoAnswer, match="white is not known"):
        pixels(tmp_path / "a.tiff", 1)
