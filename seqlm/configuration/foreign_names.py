"""Names of settings in PyTorch, nanoGPT, makemore and transformers, and their names here.

A name is looked up by its last part, in lower case and with underscores: ``--n-layer`` and
``model.nLayer`` are ``n_layer``.
"""

import re
from collections.abc import Container

_CONTEXT_KEYS = ("model.context", "model.max_tokens")
"""The settings of the context length; a family can have another one: its ``context_setting``."""

_FOREIGN_NAMES: dict[tuple[str, ...], str] = {  # the last key exists in the most families
    ("train.learning_rate",): "lr rate base_lr max_lr peak_lr initial_lr eta step_length",
    ("train.batch",): "batch_size bs bsz batchsize train_batch_size per_device_train_batch_size"
    " mini_batch minibatch micro_batch_size device_batch_size gradient_accumulation_steps",
    ("train.steps",): "epochs epoch n_epochs num_epochs num_train_epochs max_epochs max_iters iters"
    " n_iters num_iters iterations max_iter n_iter max_steps n_steps num_steps total_steps train_steps"
    " num_iterations max_train_steps lr_decay_iters step",
    ("train.seconds",): "max_time time time_limit max_seconds",
    ("model.layers",): "n_layer n_layers num_layers nlayers num_hidden_layers depth n_hidden_layers"
    " layer",
    ("model.heads",): "n_head n_heads num_heads nhead nheads num_attention_heads head",
    ("model.width", "model.embedding"): "n_embd n_embed n_emb d_model embd embed_dim embedding_dim"
    " emb_dim embedding_size emb_size emsize embed_size word_embedding_dim d_embed n_embedding dim"
    " embed",
    ("model.width", "model.hidden"): "hidden_size hidden_dim hidden_units",
    (
        "model.hidden",
    ): "n_hidden nhid num_hidden d_hidden rnn_size lstm_size units num_units n_units"
    " intermediate_size n_inner d_ff ffn_dim ff_dim dim_feedforward mlp_hidden fc_size",
    _CONTEXT_KEYS: "context block_size context_length context_size context_len context_window"
    " window window_size n_ctx ctx n_positions max_position_embeddings seq_len seq_length seqlen"
    " sequence_length max_seq_len max_seq_length max_sequence_length max_len max_length bptt"
    " max_tokens time_steps",
    ("model.dropout",): "drop_rate dropout_rate drop_prob p_drop dropout_p resid_pdrop attn_pdrop"
    " embd_pdrop hidden_dropout_prob attention_probs_dropout_prob keep_prob",
    ("model.activation",): "act act_fn activation_function hidden_act nonlinearity nonlin act_func",
    ("model.tied",): "tie_weights tie_word_embeddings weight_tying tied_weights tie tie_embeddings",
    ("model.init",): "weight_init initializer init_from init_std initializer_range initialization",
    ("model.kind",): "type model model_type arch architecture rnn_type cell cell_type model_name"
    " family",
    ("model.order",): "n ngram n_gram ngram_order",
    ("model.add_k",): "alpha laplace add_one k",
    ("train.optimizer",): "optim opt optimizer_name optimiser",
    ("train.weight_decay",): "wd l2 decay l2_reg l2_penalty regularization",
    ("train.clip",): "grad_clip clip_grad gradient_clip max_grad_norm max_norm clip_grad_norm"
    " grad_norm clip_norm clipnorm gradient_clip_val grad_norm_clip",
    ("train.schedule",): "scheduler lr_scheduler lr_schedule lr_scheduler_type decay_lr annealing",
    ("train.warmup",): "warmup_iters warmup_steps warmup_ratio num_warmup_steps n_warmup_steps"
    " warm_up",
    ("train.drop",): "gamma lr_decay lr_gamma decay_rate decay_factor",
    ("train.drop_at",): "step_size milestones lr_decay_step",
    ("train.evaluate_every",): "eval_interval eval_every eval_steps eval_freq evaluation_interval"
    " val_interval val_every validate_every evaluation_strategy val_check_interval",
    ("train.patience",): "early_stopping early_stop early_stopping_patience",
    ("train.carry_state",): "stateful carry keep_state reset_state",
    ("train.order",): "shuffle replacement sampler",
    ("train.device",): "accelerator gpu use_cuda cuda use_gpu",
    ("train.threads",): "num_threads n_threads num_workers n_workers workers cpus",
    ("seed",): "random_seed manual_seed rng_seed",
    ("sample.temperature",): "temp do_sample greedy",
    ("sample.top_k",): "topk",
    ("sample.top_p",): "topp nucleus nucleus_p",
    ("sample.min_p",): "minp",
    ("data.corpus",): "dataset data file filename path input_file input text train_file data_dir"
    " data_path dataset_name",
    ("data.tokenizer",): "tokenizer_name tokenization tokenizer_type level",
    ("data.merges",): "n_merges num_merges bpe_merges",
    ("data.max_words",): "vocab_size n_vocab max_vocab vocabulary_size vocab max_vocab_size",
    ("data.fold_case",): "lower lowercase do_lower_case lower_case uncased",
    (
        "data.split",
    ): "train_split val_split test_split validation_split test_size train_size val_size"
    " train_frac val_frac splits",
    ("data.deduplicate",): "dedup unique deduplication",
}
_KEYS = {
    name: keys for keys, names in _FOREIGN_NAMES.items() for name in names.split()
}  # by foreign name
_NOTES = {
    "epoch": "one epoch is the number of training examples divided by train.batch",
    "gradient_accumulation_steps": "one larger batch has the same gradient",
    "warmup": "a fraction of the steps",
    "patience": "counted in validations",
    "split": "percentages of train, validation and test",
    "vocab": "for data.tokenizer=word; with bpe it is data.merges",
    "keep_prob": "1 minus that value",
    "do_sample": "0 for greedy decoding",
    "greedy": "0 for greedy decoding",
}
"""Notes for foreign names that contain a word and mean something slightly different."""


def normalize_name(key: str) -> str:
    """Return the last part of a setting name in lower case with underscores."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key.rpartition(".")[2])
    return name.lower().replace("-", "_").strip("_")


def is_context_length(name: str) -> bool:
    """Return True if a normalized name means the length of the context."""
    return _KEYS.get(name) == _CONTEXT_KEYS


def own_keys(name: str, known: Container[str]) -> list[str]:
    """Return the keys here that a normalized foreign name means: those of ``known``, else all."""
    keys = _KEYS.get(name, ())
    return [key for key in keys if key in known][:1] or list(keys)


def note_of(name: str) -> str:
    """Return how the setting here differs from the foreign one; empty if it does not."""
    return next((note for word, note in _NOTES.items() if word in name), "")
