"""Ids: a model's is its content, a configuration's is what was asked for, a result's sorts by time."""

from dataclasses import replace

from edgeprof.wire import identity
from edgeprof.wire.messages import FileRef, Manifest, RunConfig

WEIGHTS = FileRef(path="weights.bin", size=5, sha256="b" * 64)
ENTRY = FileRef(path="model.onnx", size=3, sha256="a" * 64)


def test_the_order_of_files_does_not_change_a_models_id() -> None:
    one = Manifest(entry="model.onnx", files=(ENTRY, WEIGHTS))
    other = Manifest(entry="model.onnx", files=(WEIGHTS, ENTRY))
    assert identity.model_id(one) == identity.model_id(other)


def test_each_part_of_a_manifest_changes_the_id() -> None:
    base = Manifest(entry="model.onnx", files=(ENTRY, WEIGHTS))
    others = [
        replace(base, entry="weights.bin"),
        replace(base, files=(ENTRY,)),
        replace(base, files=(replace(ENTRY, sha256="c" * 64), WEIGHTS)),
        replace(base, files=(replace(ENTRY, path="other.onnx"), WEIGHTS)),
    ]
    ids = {identity.model_id(manifest) for manifest in [base, *others]}
    assert len(ids) == 5


def test_the_known_id_of_a_manifest_never_changes() -> None:
    manifest = Manifest(entry="model.onnx", files=(ENTRY,))
    text = '{"entry":"model.onnx","files":[{"path":"model.onnx","sha256":"' + "a" * 64 + '","size":3}]}'
    assert identity.model_id(manifest) == identity.sha256_hex(text.encode())


def test_a_field_at_its_default_does_not_enter_the_key() -> None:
    plain = identity.config_key(RunConfig(runtime="litert"))
    assert identity.config_key(RunConfig(runtime="litert", threads=0, provider="cpu")) == plain
    assert plain == identity.sha256_hex(b'{"runtime":"litert"}')[:16]


def test_every_axis_changes_the_key() -> None:
    base = RunConfig(runtime="litert")
    others = [
        replace(base, runtime="onnxruntime"),
        replace(base, threads=2),
        replace(base, provider="cuda"),
        replace(base, shapes={"x": (1, 2)}),
        replace(base, prompt_tokens=1),
        replace(base, decode_tokens=1),
        replace(base, power_mode="MAXN"),
    ]
    assert len({identity.config_key(config) for config in [base, *others]}) == 8


def test_result_ids_are_uuid_7_and_sort_by_time() -> None:
    ids = [identity.new_id() for _ in range(50)]
    assert len(set(ids)) == 50
    assert all(item[14] == "7" and item[19] in "89ab" for item in ids)
    assert [item[:13] for item in ids] == sorted(item[:13] for item in ids)
