# --- The model's name is data: a here-document keeps every character of it away from the shell.
IFS= read -r MODEL <<'END_OF_MODEL_NAME'
{{ .Spec.Model.Name }}
END_OF_MODEL_NAME
PUBLISHER="publishers/{{ .ObjectMeta.Namespace }}/models/$MODEL"
