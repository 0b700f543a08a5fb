{{- /* SPDX-License-Identifier: Apache-2.0 */}}
{{- /*
Names do not follow the release's: CRDs, policies and the CSI driver exist once in a cluster, and so
does Kilonova.
*/}}

{{- define "kilonova.labels" -}}
app.kubernetes.io/name: kilonova
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "kilonova.selector" -}}
app.kubernetes.io/name: kilonova
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "kilonova.productImage" -}}
{{ required "image.product: say where the nodes find the image of operator and agent" .Values.image.product }}
{{- end }}

{{- define "kilonova.guestImage" -}}
{{ required "image.guest: say where the nodes find the image that server pods run" .Values.image.guest }}
{{- end }}

{{- /* The environment that both processes have in common. */}}
{{- define "kilonova.environment" -}}
- name: KILONOVA_LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
- name: KILONOVA_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: KILONOVA_HEARTBEAT_NAMESPACE
  value: {{ .Values.heartbeatNamespace | quote }}
{{- end }}

{{- /* What PodSecurity restricted demands of a container, and a root file system that stays as it is. */}}
{{- define "kilonova.restrictedContainer" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
