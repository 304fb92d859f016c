import { kinds } from '../api/kinds.ts';
import type { KubeObject } from '../api/kubernetes.ts';
import { components } from '../api/metadata.ts';
import type { Context } from './children.ts';
import { child, componentLabels, nameOf, podAnnotations, trafficSelector } from './identity.ts';

/** The port on which every workload receives requests (R3.86). */
const PORT = 8000;

/** The Service in front of the pods that take requests, for every topology, with or without router (R3.85). */
export function renderWorkloadService(context: Context): KubeObject {
  const scheme = context.settings.ingress.enableTLS ? 'https' : 'http';
  return {
    ...child(context, kinds.coreService, nameOf(context, 'workloadService'), {
      labels: { ...componentLabels(context, components.workload), ...context.spec.labels },
      annotations: podAnnotations(context.spec.annotations),
    }),
    spec: {
      type: 'ClusterIP',
      selector: trafficSelector(context),
      ports: [{ name: scheme, appProtocol: scheme, protocol: 'TCP', port: PORT, targetPort: PORT }],
    },
  };
}
