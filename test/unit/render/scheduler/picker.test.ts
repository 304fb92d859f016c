import { expect } from 'chai';
import type { KubeObject } from '../../../../api/kubernetes.ts';
import type { LLMInferenceServiceSpec } from '../../../../api/types.ts';
import type { Stage } from '../../../../render/children.ts';
import { configOf, containerOf, contextOf, livePicker, pickerOf, presetScheduler, selectorLabels, stageOf, stagesOf, withTLS } from './fixture.ts';

const picker = (spec: LLMInferenceServiceSpec) => pickerOf(stagesOf(contextOf({ router: { scheduler: presetScheduler() }, ...spec })));

describe('the picker of a service with the shipped preset', () => {
  it('runs one default profile and scrapes over TLS (single GPU)', () => {
    const deployment = pickerOf(stagesOf(contextOf({ router: { scheduler: presetScheduler({}, {}, true) } }, { settings: withTLS })));
    expect(configOf(deployment)).to.deep.equal({
      apiVersion: 'llm-d.ai/v1alpha1',
      kind: 'EndpointPickerConfig',
      plugins: [
        { type: 'single-profile-handler' },
        { type: 'queue-scorer' },
        { type: 'kv-cache-utilization-scorer' },
        { type: 'prefix-cache-scorer' },
        { type: 'no-hit-lru-scorer' },
        { type: 'max-score-picker' },
        { type: 'metrics-data-source', parameters: { scheme: 'https' } },
      ],
      schedulingProfiles: [
        {
          name: 'default',
          plugins: [
            { pluginRef: 'queue-scorer', weight: 2 },
            { pluginRef: 'kv-cache-utilization-scorer', weight: 2 },
            { pluginRef: 'prefix-cache-scorer', weight: 3 },
            { pluginRef: 'no-hit-lru-scorer', weight: 2 },
            { pluginRef: 'max-score-picker' },
          ],
        },
      ],
    });
    expect(containerOf(deployment).command).to.deep.equal([
      ...['/app/epp', '--pool-name', 'demo-inference-pool', '--pool-namespace', 'ml', '--zap-encoder', 'json'],
      ...[
        '--grpc-port',
        '9002',
        '--grpc-health-port',
        '9003',
        '--enable-cert-reload=true',
        '--secure-serving=true',
        '--cert-path=/var/run/kserve/tls',
      ],
    ]);
    expect(deployment.spec?.strategy).to.deep.equal({ type: 'Recreate' });
    expect(deployment.spec).to.not.have.property('replicas');
    expect(deployment.spec?.template.metadata?.annotations).to.deep.equal({ 'app.kubernetes.io/version': '0.10.0' });
  });

  it('says nothing to the user', () => {
    expect(
      stagesOf(contextOf({ prefill: {}, router: { scheduler: presetScheduler({}, {}, true) } }, { settings: withTLS })).flatMap(
        (s) => s.events ?? [],
      ),
    ).to.deep.equal([]);
  });

  it('says what it has to say until the pod is as it should be (B4.30)', () => {
    const inline = { kind: 'EndpointPickerConfig', plugins: [{ type: 'prefix-cache-scorer', parameters: { blockSize: 16 } }] };
    const { service } = contextOf({});
    const observed = { ...service, metadata: { ...service.metadata, generation: 3 }, status: { observedGeneration: 3 } };
    const context = contextOf({ router: { scheduler: presetScheduler({}, { config: { inline } }) } }, { service: observed });
    const before = stagesOf(context);
    const reasons = (stages: readonly Stage[]) => stages.flatMap((stage) => stage.events ?? []).map(({ reason }) => reason);
    expect(reasons(before)).to.deep.equal(['SchedulerConfigMigrated']);
    const metadata = { name: 'demo-kserve-router-scheduler', namespace: 'ml' };
    const live: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: pickerOf(before).spec };
    expect(reasons(stagesOf(context, [live]))).to.deep.equal([]);
  });

  it('keeps four empty strings in its command without TLS (R4.29)', () => {
    expect(containerOf(picker({})).command?.slice(-4)).to.deep.equal(['', '', '', '']);
  });

  it('is the same in the next pass, when it is live (R4.36a)', () => {
    const inline = { kind: 'EndpointPickerConfig', plugins: [{ type: 'pd-profile-handler', parameters: { threshold: 100 } }] };
    const schedulers = [{ replicas: 2 }, { config: { inline } }];
    for (const scheduler of schedulers) {
      const context = contextOf({ prefill: {}, router: { scheduler: presetScheduler({}, scheduler, true) } }, { settings: withTLS });
      const first = pickerOf(stagesOf(context));
      const live: KubeObject = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'demo-kserve-router-scheduler', namespace: 'ml' },
        spec: first.spec,
      };
      expect(pickerOf(stagesOf(context, [live]))).to.deep.equal(first);
    }
  });

  it('elects a leader when there are several, before the config (R4.23)', () => {
    const deployment = picker({ router: { scheduler: presetScheduler({}, { replicas: 2 }) } });
    expect(deployment.spec?.replicas).to.equal(2);
    expect(containerOf(deployment).args?.slice(0, 2)).to.deep.equal(['--ha-enable-leader-election', '--config-text']);
  });

  it('elects none alone, and leaves the word to the template', () => {
    expect(containerOf(picker({ router: { scheduler: presetScheduler({}, { replicas: 1 }) } })).args).to.have.length(2);
    for (const flag of ['--ha-enable-leader-election', '-ha-enable-leader-election']) {
      const { args = [] } = containerOf(picker({ router: { scheduler: presetScheduler({ args: [flag] }, { replicas: 3 }) } }));
      expect(args.filter((arg) => arg.includes('leader'))).to.deep.equal([flag]);
    }
  });

  it('traces when asked to, also without an endpoint (R4.23, R4.24)', () => {
    const { args = [], env } = containerOf(picker({ tracing: {} }));
    expect(args.at(-1)).to.equal('--tracing=true');
    expect(env?.map(({ name }) => name)).to.deep.equal([
      'OTEL_SERVICE_NAME',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'OTEL_TRACES_EXPORTER',
      'OTEL_TRACES_SAMPLER',
      'OTEL_TRACES_SAMPLER_ARG',
      'OTEL_RESOURCE_ATTRIBUTES_NODE_NAME',
      'OTEL_RESOURCE_ATTRIBUTES_POD_NAME',
      'OTEL_RESOURCE_ATTRIBUTES',
    ]);
    expect(env?.slice(0, 2)).to.deep.equal([
      { name: 'OTEL_SERVICE_NAME', value: 'inference-scheduler' },
      { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: '' },
    ]);
  });

  it('has no arguments injected without a container main (R4.22)', () => {
    const deployment = picker({ router: { scheduler: presetScheduler({ name: 'other', args: ['--x'] }, { replicas: 2 }) } });
    expect(containerOf(deployment, 'other').args).to.deep.equal(['--x']);
  });

  it('may run alpha plugins when its config declares one (B4.29)', () => {
    const config = { inline: { kind: 'EndpointPickerConfig', plugins: [{ type: 'utilization-filter' }] } };
    const flags = (version: string, args: string[] = []) =>
      containerOf(
        picker({ router: { scheduler: presetScheduler({ args }, { config, annotations: { 'app.kubernetes.io/version': version } }) } }),
      ).args?.filter((arg) => arg.includes('experimental'));
    expect(flags('0.10.0')).to.deep.equal(['--allow-experimental-plugins']);
    expect(flags('0.10.0', ['--allow-experimental-plugins=false'])).to.deep.equal(['--allow-experimental-plugins=false']);
    expect(flags('0.9.0')).to.deep.equal([]);
  });

  it('tells when annotation and image name different versions (B4.24)', () => {
    const scheduler = presetScheduler({ image: 'registry.example.com/picker:v0.8.1' });
    const { events } = stageOf(stagesOf(contextOf({ router: { scheduler } })), 'scheduler');
    expect(events).to.deep.equal([
      {
        type: 'Warning',
        reason: 'SchedulerVersionMismatch',
        message: 'annotation app.kubernetes.io/version says 0.10.0, the image is tagged v0.8.1',
      },
    ]);
  });
});

describe('labels and annotations of the picker', () => {
  const annotations = { 'app.kubernetes.io/version': '0.10.0', 'example.com/a': 'b' };
  const labelled = (labels: Record<string, string>): LLMInferenceServiceSpec => ({
    router: { scheduler: presetScheduler({}, { labels, annotations }) },
  });

  it('reach the pods, and a new Deployment and its selector as clients know it (R4.21)', () => {
    const deployment = picker(labelled({ picker: 'yes' }));
    expect(deployment.metadata?.labels).to.deep.equal({ ...selectorLabels, picker: 'yes' });
    expect(deployment.metadata).to.not.have.property('annotations');
    expect(deployment.spec?.template.metadata).to.deep.equal({ labels: { ...selectorLabels, picker: 'yes' }, annotations });
    expect(deployment.spec?.selector.matchLabels).to.deep.equal({ ...selectorLabels, picker: 'yes' });
  });

  it('cannot take the labels away by which the Service finds the pods (B4.9)', () => {
    expect(picker(labelled({ 'app.kubernetes.io/component': 'mine' })).spec?.template.metadata?.labels).to.deep.equal(selectorLabels);
  });

  it('change under the selector of the live Deployment as far as it lets them (B4.9)', () => {
    const live = livePicker([], { ...selectorLabels, picker: 'yes' });
    const stages = stagesOf(contextOf(labelled({ picker: 'no', team: 'a' })), [live]);
    expect(pickerOf(stages).spec?.selector.matchLabels).to.deep.equal({ ...selectorLabels, picker: 'yes' });
    expect(pickerOf(stages).spec?.template.metadata?.labels).to.deep.equal({ ...selectorLabels, picker: 'yes', team: 'a' });
    expect(stageOf(stages, 'scheduler').events?.map(({ reason }) => reason)).to.deep.equal(['SchedulerLabelKept']);
  });
});
