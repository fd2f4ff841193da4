"""The world's tokenizer: a word is a token. In: a world. Out: a fast tokenizer that saves and loads like XLM-R's."""

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from xlt_core.world.world import World

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
SPECIAL_TOKENS = (BOS, PAD, EOS, UNK, MASK)
"""The first four have the ids they have in XLM-R."""
MAX_LENGTH = 64


def build_vocabulary(world: World) -> dict[str, int]:
    """Number the special tokens, then every word of every language once."""
    words = (word for lexicon in world.lexicons.values() for word in lexicon.words)
    return {token: place for place, token in enumerate(dict.fromkeys((*SPECIAL_TOKENS, *words)))}


def build_tokenizer(world: World) -> PreTrainedTokenizerFast:
    """Make a tokenizer that writes pairs as `<s> A </s></s> B </s>`."""
    vocabulary = build_vocabulary(world)
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token=UNK))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single=f"{BOS} $A {EOS}",
        pair=f"{BOS} $A {EOS} {EOS} $B {EOS}",
        special_tokens=[(BOS, vocabulary[BOS]), (EOS, vocabulary[EOS])],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        model_max_length=MAX_LENGTH,
        bos_token=BOS,
        cls_token=BOS,
        pad_token=PAD,
        eos_token=EOS,
        sep_token=EOS,
        unk_token=UNK,
        mask_token=MASK,
    )
