{{- /* SPDX-License-Identifier: Apache-2.0 */}}
{{- /*
Who asks, for the policies of this folder. Variables are evaluated when a validation needs them.
*/}}
{{- define "kilonova.policyVariables" -}}
- name: isOperator
  expression: >-
    request.userInfo.username == 'system:serviceaccount:{{ .Release.Namespace }}:kilonova-operator'
# The node of the agent that asks, as its token says; empty for everybody else. Only a token that is
# bound to a pod names a node.
- name: agentNode
  expression: >-
    request.userInfo.username == 'system:serviceaccount:{{ .Release.Namespace }}:kilonova-agent'
    ? request.userInfo.?extra[?'authentication.kubernetes.io/node-name'][?0].orValue('')
    : ''
# No namespace is named, so that rights within one do not count, however wide they are.
- name: isAdministrator
  expression: >-
    authorizer.group('kilonova.io').resource('servers').subresource('abandon').check('create').allowed()
# Who deletes the objects of a namespace that is deleted, and those whose owner is gone.
- name: isCollector
  expression: >-
    request.userInfo.username in [
      'system:serviceaccount:kube-system:namespace-controller',
      'system:serviceaccount:kube-system:generic-garbage-collector',
      'system:kube-controller-manager'
    ]
{{- end }}

{{- define "kilonova.policyBinding" -}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ . }}
spec:
  policyName: {{ . }}
  validationActions: [Deny]
{{- end }}
