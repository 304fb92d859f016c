import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { Client } from '../../controllers/runtime/client.ts';
import { createInformer, type Informer, type InformerOptions } from '../../controllers/runtime/informer.ts';
import { createServedKinds } from '../../controllers/runtime/served-kinds.ts';
import { type ApiProxy, startApiProxy } from '../support/api-proxy.ts';
import { cluster, namespace as newNamespace } from '../support/cluster.ts';
import { configMap, observedClient, testCluster, until } from '../support/runtime.ts';

const FAST = { firstMs: 10, maxMs: 100 };
const nameOf = (o: KubeObject | undefined) => o?.metadata.name ?? '';

describe('the informer', () => {
  let direct: Client;
  let proxy: ApiProxy;
  let client: Client;
  let namespace: string;
  let running: Informer[];

  before(async () => {
    const { client: admin, access } = await testCluster();
    direct = admin;
    proxy = await startApiProxy(access);
    client = observedClient(proxy.access).client;
  });
  after(async () => {
    await client.close();
    await proxy.close();
    await direct.close();
  });
  beforeEach(async () => {
    running = [];
    namespace = await newNamespace('informer');
    proxy.requests.length = 0;
  });
  afterEach(async () => {
    proxy.interfere(undefined);
    await Promise.all(running.map((informer) => informer.stop()));
  });

  /** A running informer of ConfigMaps, and the story of what it told. */
  async function follow(options: Partial<InformerOptions<KubeObject>> = {}) {
    const story: string[] = [];
    const informer = createInformer({ client, kind: kinds.configMap, namespace, backoff: FAST, ...options });
    informer.onChange((before, after) => {
      const name = nameOf(after ?? before);
      if (name === 'kube-root-ca.crt') return;
      story.push(`${before ? (after ? 'changed' : 'gone') : 'new'} ${name}`);
    });
    running.push(informer);
    informer.start();
    await informer.waitForSync();
    return { informer, story };
  }

  it('knows what is there, and follows what happens', async () => {
    await direct.create(configMap(namespace, 'a', { x: '1' }));
    const { informer, story } = await follow({ indexes: { value: (o) => Object.values((o.data ?? {}) as object) } });
    expect(informer.get(namespace, 'a')?.data).to.deep.equal({ x: '1' });
    expect(informer.get(namespace, 'a')?.metadata).to.not.have.property('managedFields');
    expect(informer.get(namespace, 'a')).to.include({ apiVersion: 'v1', kind: 'ConfigMap' });

    await direct.create(configMap(namespace, 'b', { x: '2' }));
    await direct.patch(kinds.configMap, namespace, 'a', { data: { x: '2' } });
    await direct.delete(kinds.configMap, namespace, 'b');
    await until('the deletion is seen', () => story.length === 4);
    expect(story).to.deep.equal(['new a', 'new b', 'changed a', 'gone b']);
    expect(informer.byIndex('value', '2').map(nameOf)).to.deep.equal(['a']);
    expect(informer.byIndex('value', '1')).to.deep.equal([]);
  });

  it('tells late handlers about what is there already', async () => {
    await direct.create(configMap(namespace, 'a'));
    const { informer } = await follow();
    const names: string[] = [];
    const stop = informer.onChange((_before, after) => names.push(nameOf(after)));
    expect(names).to.include('a');
    stop();
  });

  it('sees only objects with the labels, and takes one that loses them for deleted', async () => {
    await direct.create(configMap(namespace, 'ours', {}, { team: 'a' }));
    await direct.create(configMap(namespace, 'theirs', {}, { team: 'b' }));
    const { informer, story } = await follow({ labelSelector: 'team=a' });
    expect(informer.list().map(nameOf)).to.deep.equal(['ours']);
    await direct.patch(kinds.configMap, namespace, 'ours', { metadata: { labels: { team: null } } });
    await until('it is gone', () => story.at(-1) === 'gone ours');
    expect(informer.list()).to.deep.equal([]);
  });

  it('can do with metadata only', async () => {
    await direct.create(configMap(namespace, 'a', { x: '1' }));
    const { informer, story } = await follow({ metadataOnly: true });
    expect(informer.get(namespace, 'a')).to.include({ apiVersion: 'v1', kind: 'ConfigMap' }).and.not.have.property('data');
    await direct.create(configMap(namespace, 'b', { x: '1' }));
    await until('b is seen', () => story.includes('new b'));
    expect(informer.get(namespace, 'b')).to.not.have.property('data');
  });

  it('resumes a cut watch where it stopped, without a new list', async () => {
    const { story } = await follow();
    await direct.create(configMap(namespace, 'a'));
    await until('a is seen', () => story.includes('new a'));
    for (let round = 0; round < 5; round++) {
      proxy.cut();
      await direct.create(configMap(namespace, `after-cut-${round}`));
      await until('the next one is seen', () => story.includes(`new after-cut-${round}`));
    }
    expect(story.filter((line) => line === 'new a')).to.have.length(1);
    expect(proxy.requests.filter((r) => r.includes('/configmaps') && !r.includes('watch=true'))).to.have.length(1);
  });

  it('takes up a watch anew that fell silent without an end, and hears what it missed', async () => {
    const { story } = await follow({ silenceMs: 500 });
    await direct.create(configMap(namespace, 'heard'));
    await until('it is heard', () => story.includes('new heard'));
    proxy.silenceWatches();
    await direct.create(configMap(namespace, 'missed'));
    await until('it is heard after all', () => story.includes('new missed'));
    expect(story).to.deep.equal(['new heard', 'new missed']);
    expect(proxy.requests.filter((r) => r.includes('/configmaps') && !r.includes('watch=true'))).to.have.length(1);
  });

  it('survives a server that is away for a while, and hears then what it missed', async () => {
    await direct.create(configMap(namespace, 'a'));
    await direct.create(configMap(namespace, 'b'));
    const { informer, story } = await follow();
    await proxy.pause();
    await direct.delete(kinds.configMap, namespace, 'a');
    await direct.patch(kinds.configMap, namespace, 'b', { data: { x: '1' } });
    await direct.create(configMap(namespace, 'c'));
    await proxy.resume();
    await until('all is seen', () => story.includes('new c'));
    expect(story.slice(2)).to.deep.equal(['gone a', 'changed b', 'new c']);
    expect(informer.list().map(nameOf)).to.include.members(['b', 'c']);
  });

  it('lists again when its version has expired (410), and synthesises what it missed', async () => {
    await direct.create(configMap(namespace, 'a'));
    await direct.create(configMap(namespace, 'b'));
    const { story } = await follow();
    let expired = 0;
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
    proxy.interfere(({ isWatch }) => (isWatch && expired++ === 0 ? { answer: { code: 200, body: { type: 'ERROR', object: status } } } : undefined));
    await direct.delete(kinds.configMap, namespace, 'a');
    await until('the deletion is seen', () => story.includes('gone a'));
    proxy.cut();
    await until('the watch was refused', () => expired > 0);
    await direct.create(configMap(namespace, 'c'));
    await until('c is seen', () => story.includes('new c'));
    expect(proxy.requests.filter((r) => r.includes('/configmaps') && !r.includes('watch=true'))).to.have.length(2);
    expect(story).to.deep.equal(['new a', 'new b', 'gone a', 'new c']);
  });

  it('hears of deletions and recreations that happened between two lists', async () => {
    await direct.create(configMap(namespace, 'a'));
    await direct.create(configMap(namespace, 'b'));
    const { story } = await follow();
    await until('both are seen', () => story.length === 2);
    let blind = true;
    proxy.interfere(({ isWatch }) =>
      isWatch && blind ? { answer: { code: 410, body: { kind: 'Status', code: 410, reason: 'Expired' } } } : undefined,
    );
    await proxy.pause();
    await direct.delete(kinds.configMap, namespace, 'a');
    await direct.delete(kinds.configMap, namespace, 'b');
    await direct.create(configMap(namespace, 'b'));
    await proxy.resume();
    await until('the list is in', () => story.length >= 5);
    blind = false;
    expect(story.slice(2)).to.deep.equal(['gone a', 'gone b', 'new b']);
  });

  it('waits as long as a busy server asks it to (429)', async () => {
    let refused = 0;
    proxy.interfere(() =>
      refused++ < 3 ? { answer: { code: 429, headers: { 'retry-after': '0' }, body: { kind: 'Status', code: 429 } } } : undefined,
    );
    await direct.create(configMap(namespace, 'a'));
    const { informer } = await follow();
    expect(informer.list().map(nameOf)).to.include('a');
    expect(refused).to.be.greaterThan(3);
  });

  it('is not confused by duplicated and reordered events', async () => {
    const history: string[] = [];
    proxy.interfere(({ isWatch }) => {
      if (!isWatch) return undefined;
      return {
        lines(line) {
          history.push(line);
          return [line, history.at(-2) ?? line, line];
        },
      };
    });
    const { informer, story } = await follow();
    await direct.create(configMap(namespace, 'a'));
    await direct.patch(kinds.configMap, namespace, 'a', { data: { x: '1' } });
    await direct.patch(kinds.configMap, namespace, 'a', { data: { x: '2' } });
    await until('the last change is seen', () => (informer.get(namespace, 'a')?.data as { x?: string } | undefined)?.x === '2');
    await direct.create(configMap(namespace, 'b'));
    await until('b is seen', () => story.includes('new b'));
    expect(story).to.deep.equal(['new a', 'changed a', 'changed a', 'new b']);
  });

  it('goes on when a handler throws', async () => {
    const { informer, story } = await follow();
    informer.onChange(() => {
      throw new Error('a bug');
    });
    await direct.create(configMap(namespace, 'a'));
    await direct.create(configMap(namespace, 'b'));
    await until('both are seen', () => story.includes('new b'));
  });

  it('does not hammer a server that refuses it', async () => {
    proxy.interfere(() => ({ answer: { code: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' } } }));
    const informer = createInformer({ client, kind: kinds.configMap, namespace, backoff: { firstMs: 50, maxMs: 400 } });
    running.push(informer);
    informer.start();
    const begun = performance.now();
    await until('it has tried a few times', () => proxy.requests.length === 4);
    expect(performance.now() - begun).to.be.greaterThan(50 + 100 + 200 - 10);
    proxy.interfere(undefined);
    await informer.waitForSync();
  });

  it('asks for the newest list when the server has never seen its version (a restored etcd)', async () => {
    const { story } = await follow();
    let lists = 0;
    proxy.interfere(({ isWatch, url }) => {
      if (isWatch && lists === 0)
        return { answer: { code: 500, body: { kind: 'Status', code: 500, message: 'Too large resource version: 9, current: 1' } } };
      if (isWatch) return undefined;
      lists++;
      expect(url.searchParams.get('resourceVersion')).to.equal(null);
      return undefined;
    });
    proxy.cut();
    await until('it listed again', () => lists > 0);
    await direct.create(configMap(namespace, 'a'));
    await until('a is seen', () => story.includes('new a'));
  });

  it('survives a restart of the API server, whose memory of events is gone then', async () => {
    const { story } = await follow({ client: direct });
    await direct.create(configMap(namespace, 'before'));
    await until('it is seen', () => story.includes('new before'));
    await (await cluster()).restartApiServer();
    await direct.delete(kinds.configMap, namespace, 'before');
    await direct.create(configMap(namespace, 'after'));
    await until('what followed is seen', () => story.includes('new after'));
    expect(story).to.deep.equal(['new before', 'gone before', 'new after']);
  });

  it('stops at once', async () => {
    const { informer, story } = await follow();
    await informer.stop();
    await direct.create(configMap(namespace, 'late'));
    expect(story).to.deep.equal([]);
  });

  describe('of a kind whose CRD may be missing', () => {
    const widget = { apiVersion: 'test.llmisvc.dev/v1', kind: 'Widget', plural: 'widgets', namespaced: true, typeName: 'v1.Widget' };
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.test.llmisvc.dev' },
      spec: {
        group: 'test.llmisvc.dev',
        names: { kind: 'Widget', plural: 'widgets', singular: 'widget' },
        scope: 'Namespaced',
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } },
        ],
      },
    };

    it('is synced and empty, picks the kind up when it appears, and drops it when it goes (B3.21)', async () => {
      const served = createServedKinds({ client, backoff: FAST });
      served.start();
      const heard: boolean[] = [];
      served.onChange(widget, (now) => heard.push(now));
      await served.waitForSync();
      const { informer, story } = await follow({ kind: widget, served });
      expect(informer.hasSynced()).to.equal(true);
      expect(served.serves(widget)).to.equal(false);
      const asked = proxy.requests.length;

      for (let round = 0; round < 2; round++) {
        await direct.create(crd);
        await until('the kind is served', () => served.serves(widget));
        await until('the CRD takes objects', () =>
          direct.create({ apiVersion: widget.apiVersion, kind: 'Widget', metadata: { namespace, name: `w${round}` } }, { kind: widget }),
        );
        await until('the object is seen', () => story.includes(`new w${round}`));
        await direct.delete(kinds.customResourceDefinition, undefined, crd.metadata.name);
        await until('the kind is gone', () => !served.serves(widget));
        await until('the object is gone', () => story.at(-1) === `gone w${round}`);
        expect(informer.list()).to.deep.equal([]);
      }
      expect(heard).to.deep.equal([false, true, false, true, false]);
      expect(proxy.requests.length - asked, 'requests').to.be.lessThan(80);
      await served.stop();
    });

    it('waits for discovery while the server is away', async () => {
      await proxy.pause();
      const served = createServedKinds({ client, backoff: FAST });
      served.start();
      expect(served.serves(kinds.deployment)).to.equal(undefined);
      await proxy.resume();
      await served.waitForSync();
      expect(served.serves(kinds.deployment)).to.equal(true);
      await served.stop();
    });
  });
});
