import { get, type Inquiry } from '../../api/inquiry.ts';
import { kinds } from '../../api/kinds.ts';
import type { Container, Deployment, ServiceAccount } from '../../api/kubernetes.ts';
import { components } from '../../api/metadata.ts';
import { isRejection, type Rejection, withinStep } from '../../api/rejection.ts';
import type { PodTemplate, SchedulerSpec } from '../../api/types.ts';
import { schedulerConfigText, tokenizerEnabled } from '../../assemble/scheduler-config.ts';
import type { Context, EventText, Stage } from '../children.ts';
import { child, componentLabels, isGenerationObserved, nameOf } from '../identity.ts';
import { changeContainer, containers, findContainer } from '../pod-spec.ts';
import { attachModel } from '../storage.ts';
import { traceScheduler } from '../tracing.ts';
import { provideConfig } from './config-source.ts';
import { allowExperimentalPlugins } from './experimental-plugins.ts';
import { type Gate, pickerGate } from './gate.ts';
import { legacyTokenizerRewrites } from './legacy-tokenizer.ts';
import { migrate, rewriteConfigs } from './migrate.ts';
import { TOKENIZER_MODEL_PATH } from './precise-prefix.ts';
import { tokenizerUrl } from './tokenizer.ts';

interface BuiltPod {
  readonly podSpec: PodTemplate;
  readonly events: readonly EventText[];
}

/** The Deployment of the endpoint picker (R4.20 - R4.29). `account` holds the Secrets for a tokenizer container. */
export function* renderPicker(context: Context, scheduler: SchedulerSpec, template: PodTemplate, account: ServiceAccount): Inquiry<Stage> {
  const name = nameOf(context, 'scheduler');
  const live = yield* get<Deployment>(kinds.deployment, context.service.metadata.namespace, name);
  const annotations = scheduler.annotations ?? {};
  const failed = (rejection: Rejection): Stage => ({
    name: 'scheduler',
    present: [],
    absent: [],
    rejection: withinStep(rejection, 'failed to build expected scheduler deployment'),
  });

  const gate = pickerGate(annotations, findContainer(template, containers.main)?.image);
  if (isRejection(gate)) return failed(withinStep(gate, 'failed to apply scheduler migrations'));
  const pod = yield* buildPod(context, template, { live: live?.spec?.template.spec, gate, account });
  if (isRejection(pod)) return failed(pod);

  const metadata = podMetadata(context, scheduler, live);
  const deployment = {
    ...child(context, kinds.deployment, name, { labels: metadata.wanted }),
    spec: {
      ...(scheduler.replicas === undefined ? {} : { replicas: scheduler.replicas }),
      // At most one active picker: a rolling update would leave the old leader in place (R4.20).
      strategy: { type: 'Recreate' },
      selector: { matchLabels: metadata.selector },
      template: { metadata: { labels: metadata.labels, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) }, spec: pod.podSpec },
    },
  };
  // What is told about a pod is told when it changes, not in every pass (B4.30).
  const isTold = isGenerationObserved(context) && sameMain(live?.spec?.template.spec, pod.podSpec);
  const events = isTold ? [] : [...disagreement(gate), ...metadata.events, ...pod.events];
  return { name: 'scheduler', present: [deployment], absent: [], events };
}

/** Whether the picker is started as it was: with the same image, command and arguments. */
function sameMain(live: PodTemplate | undefined, wanted: PodTemplate): boolean {
  const [before, after] = [live, wanted].map((podSpec) => findContainer(podSpec, containers.main));
  const start = (main: Container | undefined): string => JSON.stringify([main?.image, main?.command ?? [], main?.args ?? []]);
  return start(before) === start(after);
}

function disagreement({ disagreement: message }: Gate): readonly EventText[] {
  return message === undefined ? [] : [{ type: 'Warning', reason: 'SchedulerVersionMismatch', message }];
}

/**
 * Labels of the Deployment, its selector and its pods. As clients know it, a new Deployment carries and selects by the user's
 * labels too (R4.21). A selector cannot change later, so pods keep carrying what the live one asks for, and other changes of
 * the labels still get through (B4.9). The labels by which the Service finds the pods win over the user's.
 */
function podMetadata(context: Context, scheduler: SchedulerSpec, live: Deployment | undefined) {
  const wanted: Readonly<Record<string, string>> = { ...scheduler.labels, ...componentLabels(context, components.scheduler) };
  const selector: Readonly<Record<string, string>> = live?.spec?.selector.matchLabels ?? wanted;
  const kept = Object.keys(selector).filter((key) => wanted[key] !== selector[key]);
  const message = `Pods of the scheduler keep ${kept.map((key) => `${key}=${selector[key]}`).join(', ')}, because the selector of their Deployment cannot change; delete the Deployment to apply spec.router.scheduler.labels in full`;
  const events: readonly EventText[] = kept.length === 0 ? [] : [{ type: 'Warning', reason: 'SchedulerLabelKept', message }];
  return { wanted, selector, labels: { ...wanted, ...selector }, events };
}

/** The template with everything the picker is started with (R4.22 - R4.26, §8, §9). Without container `main` it stays as it is. */
function* buildPod(
  context: Context,
  template: PodTemplate,
  facts: { readonly live: PodTemplate | undefined; readonly gate: Gate; readonly account: ServiceAccount },
): Inquiry<BuiltPod | Rejection> {
  const { spec } = context;
  const scheduler = spec.router?.scheduler;
  const inline = scheduler?.config?.inline;
  const url = tokenizerUrl(context);
  const enabled = tokenizerEnabled(spec);
  const configured = provideConfig(electLeader(template, scheduler?.replicas), facts.live, {
    inline: inline === undefined || inline === null ? undefined : schedulerConfigText(inline),
    shape: { prefill: spec.prefill !== undefined, lora: (spec.model?.lora?.adapters?.length ?? 0) > 0 },
    gate: facts.gate.version,
    tokenizerUrl: url,
    tokenizerEnabled: enabled,
  });
  const serviced = yield* serveLegacyTokenizer(context, traceScheduler(context, configured.podSpec), facts);
  if (isRejection(serviced)) return serviced;
  const migrated = migrate(serviced, { deployment: deploymentName(context), gate: facts.gate, ...(enabled ? { tokenizerUrl: url } : {}) });
  if (isRejection(migrated)) return migrated;
  const notes = migrated.notes.map((message): EventText => ({ type: 'Warning', reason: 'SchedulerConfigMigrated', message }));
  return { podSpec: allowExperimentalPlugins(migrated.podSpec, facts.gate.version), events: [...configured.events, ...notes] };
}

function deploymentName(context: Context): string {
  return `${context.service.metadata.namespace}/${nameOf(context, 'scheduler')}`;
}

/** Several pickers elect a leader, unless the template says something about that itself (R4.23). */
function electLeader(podSpec: PodTemplate, replicas = 1): PodTemplate {
  if (replicas <= 1) return podSpec;
  return changeContainer(podSpec, containers.main, (main) => {
    const args = main.args ?? [];
    const stated = args.includes('--ha-enable-leader-election') || args.includes('-ha-enable-leader-election');
    return stated ? main : { ...main, args: [...args, '--ha-enable-leader-election'] };
  });
}

/** A pod with a container `tokenizer`, as pickers up to 0.8 need one, gets the model and a config that knows it (R4.65). */
function* serveLegacyTokenizer(
  context: Context,
  podSpec: PodTemplate,
  facts: { readonly live: PodTemplate | undefined; readonly account: ServiceAccount },
): Inquiry<PodTemplate | Rejection> {
  if (findContainer(podSpec, containers.tokenizer) === undefined) return podSpec;
  const attached = yield* attachModel(context, podSpec, {
    container: containers.tokenizer,
    path: TOKENIZER_MODEL_PATH,
    account: facts.account,
    livePodSpec: facts.live,
    lora: false,
  });
  if (isRejection(attached)) return withinStep(attached, 'failed to attach model artifacts to scheduler deployment');
  const rewritten = rewriteConfigs(attached, legacyTokenizerRewrites, deploymentName(context));
  return isRejection(rewritten) ? rewritten : rewritten.podSpec;
}
