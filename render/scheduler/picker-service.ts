import { type Inquiry, list } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { components } from '../../api/metadata.ts';
import { eppServiceName } from '../../api/predicates.ts';
import type { PodTemplate } from '../../api/types.ts';
import type { Context, ObjectRef, Stage } from '../children.ts';
import { child, childRef, componentLabels, ownedByService } from '../identity.ts';

/** Container ports that the picker's Service offers (R4.85). */
const offered = ['grpc', 'grpc-health', 'metrics', 'zmq'];

function serviceName({ spec, service }: Context): string {
  return eppServiceName(spec.router?.scheduler, service.metadata.name);
}

/** Services that this service made for its picker under other names than `keep` (B4.11). */
function* otherServices(context: Context, keep: string | undefined): Inquiry<readonly ObjectRef[]> {
  const found = yield* list(kinds.coreService, context.service.metadata.namespace, componentLabels(context, components.scheduler));
  const own = found.filter((service) => ownedByService(context, service) && service.metadata.name !== keep);
  return own.map((service) => childRef(context, kinds.coreService, String(service.metadata.name)));
}

/** The picker's Services: what must be gone when there is no picker (R4.2, B4.11). */
export function* pickerServiceRefs(context: Context): Inquiry<readonly ObjectRef[]> {
  const name = serviceName(context);
  return [childRef(context, kinds.coreService, name), ...(yield* otherServices(context, name))];
}

/** The picker's Service, with the ports of its template (R4.85); Services of former names go (B4.11). */
export function* renderPickerService(context: Context, template: PodTemplate): Inquiry<Stage> {
  const name = serviceName(context);
  const labels = componentLabels(context, components.scheduler);
  const service: KubeObject = { ...child(context, kinds.coreService, name, { labels }), spec: { selector: labels, ports: portsOf(template) } };
  return { name: 'schedulerService', present: [service], absent: yield* otherServices(context, name) };
}

/** Sorted by name; of several containers with a port of that name the last one counts (R4.85). */
function portsOf(template: PodTemplate): readonly object[] {
  const ports = (template.containers ?? []).flatMap((container) => container.ports ?? []);
  return offered.flatMap((name) => {
    const port = ports.findLast((candidate) => candidate.name === name);
    if (port === undefined) return [];
    return [{ name, port: port.containerPort, targetPort: name, ...(port.protocol === undefined ? {} : { protocol: port.protocol }) }];
  });
}
