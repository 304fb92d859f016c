import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { inVersion, openWebhookSite, type Stored, type WebhookSite } from '../support/webhook-site.ts';

const MODEL = { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' };

describe('conversion by the API server', function () {
  this.timeout(60_000);
  let site: WebhookSite;
  before(async () => {
    site = await openWebhookSite('conversion');
  });
  after(() => site?.close());

  const rich = {
    model: {
      ...MODEL,
      name: 'm',
      confidential: { enabled: true },
      lora: {
        adapters: [
          { name: 'tone', uri: 'hf://a/tone' },
          { name: 'style', uri: 'hf://a/style' },
        ],
      },
    },
    kvCacheOffloading: { cpu: '8Gi', evictionPolicy: 'arc' },
    router: {
      scheduler: {
        pool: {
          spec: {
            selector: { matchLabels: { app: 'x' } },
            targetPorts: [{ number: 8000 }, { number: 8001 }],
            appProtocol: 'kubernetes.io/h2c',
            endpointPickerRef: { group: '', kind: 'Service', name: 'picker', port: { number: 9002 }, failureMode: 'FailOpen' },
          },
        },
      },
    },
  };

  it('reads and lists both kinds in both', async () => {
    await site.create(site.service('listed', rich));
    await site.create(
      site.object(kinds.config, 'v1alpha2', 'listed', {
        ...rich,
        router: { scheduler: { pool: { spec: { ...rich.router.scheduler.pool.spec, targetPorts: [] } } } },
      }),
    );
    for (const kind of [kinds.service, kinds.config]) {
      for (const version of ['v1alpha1', 'v1alpha2'] as const) {
        const { items } = await site.client.list<Stored>(inVersion(kind, version), { namespace: site.namespace });
        expect(items.map(({ metadata }) => metadata.name)).to.include('listed');
        for (const { apiVersion } of items) expect(apiVersion).to.equal(`serving.kserve.io/${version}`);
      }
    }
    const older = await site.read('listed', 'v1alpha1');
    expect(older.spec.router).to.deep.equal({
      scheduler: {
        pool: {
          spec: {
            selector: { app: 'x' },
            targetPortNumber: 8000,
            extensionRef: { group: '', kind: 'Service', name: 'picker', portNumber: 9002, failureMode: 'FailOpen' },
          },
        },
      },
    });
  });

  it('loses nothing when an older client changes something else (B1)', async () => {
    const before = await site.create(site.service('edited', rich));
    await site.client.patch(inVersion(kinds.service, 'v1alpha1'), site.namespace, 'edited', { spec: { replicas: 3 } });
    const whole = await site.read('edited', 'v1alpha1');
    await site.client.update(
      { ...whole, metadata: { ...whole.metadata, labels: { edited: 'yes' } } },
      { kind: inVersion(kinds.service, 'v1alpha1') },
    );
    const after = await site.read('edited', 'v1alpha2');
    expect(after.spec).to.deep.equal({ ...before.spec, replicas: 3 });
    expect(after.metadata.annotations).to.equal(undefined);
    expect(after.metadata.labels).to.deep.equal({ edited: 'yes' });
  });

  it('keeps criticalities, with their adapters when those are reordered (B2)', async () => {
    const [tone, style] = rich.model.lora.adapters;
    const critical = { ...MODEL, criticality: 'Critical', lora: { adapters: [{ ...tone, criticality: 'Sheddable' }, style] } };
    await site.create(site.service('critical', { model: critical }, 'v1alpha1'));
    const hub = await site.read('critical', 'v1alpha2');
    expect(hub.metadata.annotations).to.deep.equal({
      'internal.serving.kserve.io/lora-criticalities': '{"0":"Sheddable"}',
      'internal.serving.kserve.io/model-criticality': 'Critical',
    });
    await site.client.patch(kinds.service, site.namespace, 'critical', { spec: { model: { lora: { adapters: [style, tone] } } } });
    const { spec, metadata } = await site.read('critical', 'v1alpha1');
    expect(spec.model).to.deep.include({ criticality: 'Critical', lora: { adapters: [style, { ...tone, criticality: 'Sheddable' }] } });
    expect(metadata.annotations).to.equal(undefined);
  });

  it('does not convert status fields that the older one lacks', async () => {
    await site.create(site.service('watched', { model: MODEL }));
    const address = { name: 'gateway-external', url: 'http://x', origin: { group: 'g', kind: 'Gateway', name: 'a' }, models: [{ name: 'm' }] };
    const status = {
      url: 'http://x',
      addresses: [address],
      workloads: { primary: { kind: 'Deployment', name: 'd' } },
      appliedConfigs: [{ name: 'c', namespace: 'n', source: 'Preset' }],
      annotations: { 'serving.kserve.io/config-llm-template': 'c' },
    };
    await site.client.patch(kinds.service, site.namespace, 'watched', { status }, { subresource: 'status' });
    expect((await site.read('watched', 'v1alpha2')).status).to.deep.equal(status);
    const { origin: _o, models: _m, ...plain } = address;
    expect((await site.read('watched', 'v1alpha1')).status).to.deep.equal({ url: status.url, annotations: status.annotations, addresses: [plain] });
  });
});
