import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { createEventRecorder } from '../../controllers/runtime/events.ts';
import { namespace as newNamespace } from '../support/cluster.ts';
import { type Observed, testCluster } from '../support/runtime.ts';

const COMPONENT = 'LLMInferenceServiceController';

describe('the event recorder', () => {
  let cluster: Observed;
  let subject: KubeObject;
  let namespace: string;
  before(async () => {
    cluster = await testCluster();
  });
  after(() => cluster.client.close());
  beforeEach(async () => {
    namespace = await newNamespace('events');
    subject = {
      apiVersion: kinds.service.apiVersion,
      kind: 'LLMInferenceService',
      metadata: { namespace, name: 'qwen', uid: 'a-uid', resourceVersion: '7' },
    };
  });

  const recorder = (now?: () => number) => createEventRecorder({ client: cluster.client, component: COMPONENT, ...(now ? { now } : {}) });
  const events = async () => [...(await cluster.client.list<KubeObject & Record<string, unknown>>(kinds.event, { namespace })).items];
  const warning = (message: string) => ({ type: 'Warning', reason: 'Error', message }) as const;

  it('writes events that core/v1 clients can select (R3 §1.4)', async () => {
    const events1 = recorder();
    events1.record(subject, [{ type: 'Normal', reason: 'Created', message: 'Created v1.Deployment ns/qwen-kserve' }]);
    await events1.flush();
    const [event] = await events();
    expect(event).to.deep.include({
      type: 'Normal',
      reason: 'Created',
      message: 'Created v1.Deployment ns/qwen-kserve',
      source: { component: COMPONENT },
      count: 1,
      involvedObject: {
        apiVersion: 'serving.kserve.io/v1alpha2',
        kind: 'LLMInferenceService',
        namespace,
        name: 'qwen',
        uid: 'a-uid',
        resourceVersion: '7',
      },
    });
    expect(event?.firstTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('counts the same event instead of repeating it, and forgets after a while', async () => {
    let time = Date.now();
    const counting = recorder(() => time);
    for (let i = 0; i < 3; i++) counting.record(subject, [warning('no such config')]);
    counting.record(subject, [warning('something else')]);
    await counting.flush();
    expect((await events()).map((e) => [e.message, e.count])).to.have.deep.members([
      ['no such config', 3],
      ['something else', 1],
    ]);
    time += 3_600_000;
    counting.record(subject, [warning('no such config')]);
    await counting.flush();
    expect(await events()).to.have.length(3);
  });

  it('writes the event anew when it has been cleaned up', async () => {
    const events1 = recorder();
    events1.record(subject, [warning('x')]);
    await events1.flush();
    const [event] = await events();
    await cluster.client.delete(kinds.event, namespace, event?.metadata.name ?? '');
    events1.record(subject, [warning('x')]);
    await events1.flush();
    expect((await events()).map((e) => e.count)).to.deep.equal([1]);
  });

  it('joins the messages of one pass by reason', async () => {
    const joining = recorder();
    const created = (name: string) => ({ type: 'Normal', reason: 'Created', message: `Created v1.Secret ${name}` }) as const;
    joining.record(subject, [created('a'), warning('bad'), created('b')]);
    await joining.flush();
    expect((await events()).map((e) => e.message)).to.have.members(['Created v1.Secret a; Created v1.Secret b', 'bad']);
  });

  it('keeps within what the server takes', async () => {
    const long = recorder();
    long.record({ ...subject, metadata: { ...subject.metadata, name: `${'n'.repeat(250)}` } }, [warning('x'.repeat(5000))]);
    await long.flush();
    expect((await events()).map((e) => String(e.message).length)).to.deep.equal([1024]);
  });

  it('silences an object that has too many, and not the others', async () => {
    let time = Date.now();
    const busy = recorder(() => time);
    for (let i = 0; i < 40; i++) busy.record(subject, [warning(`number ${i}`)]);
    busy.record({ ...subject, metadata: { ...subject.metadata, name: 'other', uid: 'other' } }, [warning('hello')]);
    await busy.flush();
    expect((await events()).filter((e) => (e.involvedObject as { name: string }).name === 'qwen')).to.have.length(25);
    expect((await events()).map((e) => e.message)).to.include('hello');
    time += 300_000;
    busy.record(subject, [warning('later'), { ...warning('and'), reason: 'Other' }]);
    await busy.flush();
    expect((await events()).map((e) => e.message))
      .to.include('later')
      .and.not.include('and');
  });

  it('puts events about cluster-scoped objects into the default namespace', async () => {
    const about = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, uid: namespace } };
    const cluster1 = recorder();
    cluster1.record(about, [warning('cluster')]);
    await cluster1.flush();
    const { items } = await cluster.client.list<KubeObject & Record<string, unknown>>(kinds.event, { namespace: 'default' });
    expect(items.some((e) => (e.involvedObject as { name: string }).name === namespace)).to.equal(true);
  });

  it('never throws, and goes on after an event that cannot be written', async () => {
    const failing = recorder();
    failing.record({ ...subject, metadata: { namespace: 'no-such-namespace', name: 'x' } }, [warning('lost')]);
    failing.record(subject, [warning('after a failure')]);
    await failing.flush();
    expect((await events()).map((e) => e.message)).to.deep.equal(['after a failure']);
  });
});
