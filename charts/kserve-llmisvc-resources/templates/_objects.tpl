{{/*
The plain objects of files/ with what a release changes: namespace, service account, common labels and annotations.
Use: include "llmisvc.objects" (dict "root" $ "file" "files/rbac.yaml")
*/}}
{{- define "llmisvc.objects" -}}
{{- $root := .root }}
{{- range $text := regexSplit "(?m)^---$" ($root.Files.Get .file) -1 }}
{{- $object := include "llmisvc.inRelease" (dict "root" $root "text" $text) | fromYaml }}
{{- if $object.kind }}
---
{{ include "llmisvc.common" (dict "root" $root "object" $object) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Text of files/ moved to the release's namespace and service account. */}}
{{- define "llmisvc.inRelease" -}}
{{- $namespace := .root.Release.Namespace -}}
{{- .text
  | replace "namespace: kserve\n" (printf "namespace: %s\n" $namespace)
  | replace "inject-ca-from: kserve/" (printf "inject-ca-from: %s/" $namespace)
  | replace "-service.kserve.svc" (printf "-service.%s.svc" $namespace)
  | replace "name: llmisvc-controller-manager\n    namespace:" (printf "name: %s\n    namespace:" (include "llmisvc.serviceAccount" .root))
  | replace "kind: ServiceAccount\nmetadata:\n  name: llmisvc-controller-manager" (printf "kind: ServiceAccount\nmetadata:\n  name: %s" (include "llmisvc.serviceAccount" .root)) -}}
{{- end }}

{{/* An object with the release's common labels and annotations, as YAML. */}}
{{- define "llmisvc.common" -}}
{{- $metadata := .object.metadata }}
{{- $own := dict "app.kubernetes.io/managed-by" .root.Release.Service "app.kubernetes.io/instance" .root.Release.Name "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version) }}
{{- $labels := merge dict (.root.Values.commonLabels) ($metadata.labels | default dict) $own }}
{{- $_ := set $metadata "labels" $labels }}
{{- with .root.Values.commonAnnotations }}
{{- $_ := set $metadata "annotations" (merge dict . ($metadata.annotations | default dict)) }}
{{- end }}
{{- toYaml .object }}
{{- end }}

{{- define "llmisvc.serviceAccount" -}}
{{ .Values.kserve.llmisvc.controller.serviceAccount.name | default "llmisvc-controller-manager" }}
{{- end }}

{{/* "true" when a shared part is wanted: its own switch when it is a boolean, else createSharedResources. Use: include "llmisvc.shared" (list $ $switch) */}}
{{- define "llmisvc.shared" -}}
{{- $switch := index . 1 }}
{{- if kindIs "bool" $switch }}{{ $switch }}{{ else }}{{ (index . 0).Values.kserve.createSharedResources }}{{ end }}
{{- end }}
