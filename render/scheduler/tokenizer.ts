import { get, type Inquiry } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import type { Deployment, ServiceAccount } from '../../api/kubernetes.ts';
import { components } from '../../api/metadata.ts';
import { isRejection, reject, withinStep } from '../../api/rejection.ts';
import { tokenizerEnabled } from '../../assemble/scheduler-config.ts';
import type { Context, ObjectRef, Stage } from '../children.ts';
import { child, childRef, componentLabels, nameOf } from '../identity.ts';
import { containers } from '../pod-spec.ts';
import { attachModel } from '../storage.ts';
import { TOKENIZER_MODEL_PATH } from './precise-prefix.ts';

const PORT = 8000;
const PORT_NAME = 'render-http';

/** Where the endpoint picker finds the tokenizer (R4.76). */
export function tokenizerUrl(context: Context): string {
  const scheme = context.settings.ingress.enableTLS ? 'https' : 'http';
  return `${scheme}://${nameOf(context, 'tokenizer')}.${context.service.metadata.namespace}.svc.${context.options.clusterDomain}:${PORT}`;
}

/** Deployment and Service of the tokenizer, by name (R4.2). */
export function tokenizerRefs(context: Context): readonly ObjectRef[] {
  const name = nameOf(context, 'tokenizer');
  return [childRef(context, kinds.deployment, name), childRef(context, kinds.coreService, name)];
}

/**
 * The standalone tokenizer of a managed scheduler, when something needs one (R4.70 - R4.74). Nothing is built for one that
 * is only to be deleted. `account` is the picker's; the model is downloaded with its Secrets.
 */
export function* renderTokenizer(context: Context, account: ServiceAccount): Inquiry<Stage> {
  const scheduler = context.spec.router?.scheduler;
  if (!tokenizerEnabled(context.spec)) return { name: 'tokenizer', present: [], absent: tokenizerRefs(context) };
  const template = scheduler?.tokenizer?.template;
  if (template === undefined) {
    const rejection = reject(
      'TokenizerTemplateMissing',
      'failed to build expected tokenizer deployment: spec.router.scheduler.tokenizer has no template',
    );
    return { name: 'tokenizer', present: [], absent: [], rejection };
  }

  const name = nameOf(context, 'tokenizer');
  const live = yield* get<Deployment>(kinds.deployment, context.service.metadata.namespace, name);
  const podSpec = yield* attachModel(context, template, {
    container: containers.main,
    path: TOKENIZER_MODEL_PATH,
    account,
    livePodSpec: live?.spec?.template.spec,
    lora: false,
  });
  if (isRejection(podSpec)) {
    return { name: 'tokenizer', present: [], absent: [], rejection: withinStep(podSpec, 'failed to attach model artifacts to tokenizer deployment') };
  }
  const labels = componentLabels(context, components.tokenizer);
  const deployment = {
    ...child(context, kinds.deployment, name, { labels }),
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec } },
  };
  const ports = [{ name: PORT_NAME, port: PORT, targetPort: PORT_NAME, protocol: 'TCP' }];
  const service = { ...child(context, kinds.coreService, name, { labels }), spec: { selector: labels, ports } };
  return { name: 'tokenizer', present: [deployment, service], absent: [] };
}
