# --- What users add is read by the shell once more: arguments with blanks, quotes or braces carry their own quotes (R2b.27).
# What cannot be read as shell words (a stray quote, `;`, `&`) is passed on as it stands.
eval "command+=($VLLM_ADDITIONAL_ARGS)" || command+=($VLLM_ADDITIONAL_ARGS)
eval "command+=($*)" || for argument; do
  eval "command+=($argument)" || command+=("$argument")
done

exec "${command[@]}"
