import { expect } from 'chai';
import fc from 'fast-check';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { compareVersions, createStore } from '../../../controllers/runtime/store.ts';

const object = (name: string, resourceVersion: string, more: { uid?: string; team?: string } = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'ns', uid: more.uid ?? name, resourceVersion, labels: { team: more.team ?? 'a' } },
});
const byTeam = { team: (o: KubeObject) => [o.metadata.labels?.team ?? ''] };
const names = (list: readonly KubeObject[]) => list.map((o) => o.metadata.name);
const changes = (list: readonly (readonly [KubeObject | undefined, KubeObject | undefined])[]) =>
  list.map(([before, after]) => `${before?.metadata.resourceVersion ?? '-'}>${after?.metadata.resourceVersion ?? '-'}`);

describe('the store of a cache', () => {
  it('reports a duplicated event once and an outdated one never', () => {
    const store = createStore({});
    expect(changes(store.apply('ADDED', object('a', '5')))).to.deep.equal(['->5']);
    expect(store.apply('ADDED', object('a', '5'))).to.deep.equal([]);
    expect(changes(store.apply('MODIFIED', object('a', '9')))).to.deep.equal(['5>9']);
    expect(store.apply('MODIFIED', object('a', '8'))).to.deep.equal([]);
    expect(store.apply('DELETED', object('a', '7'))).to.deep.equal([]);
    expect(store.get('ns', 'a')?.metadata.resourceVersion).to.equal('9');
    expect(changes(store.apply('DELETED', object('a', '10')))).to.deep.equal(['9>-']);
    expect(store.apply('DELETED', object('a', '10'))).to.deep.equal([]);
  });

  it('synthesises what a new list shows was missed: deletions, changes, and recreation under the same name', () => {
    const store = createStore({});
    store.replace([object('gone', '1'), object('same', '2'), object('changed', '3'), object('reborn', '4', { uid: 'one' })], '4');
    const missed = store.replace([object('same', '2'), object('changed', '7'), object('reborn', '8', { uid: 'two' }), object('new', '9')], '9');
    expect(changes(missed)).to.deep.equal(['1>-', '3>7', '4>-', '->8', '->9']);
  });

  it('keeps indexes in step', () => {
    const store = createStore(byTeam);
    store.replace([object('b', '1'), object('a', '2')], '2');
    expect(names(store.byIndex('team', 'a'))).to.deep.equal(['a', 'b']);
    store.apply('MODIFIED', object('a', '3', { team: 'z' }));
    expect(names(store.byIndex('team', 'a'))).to.deep.equal(['b']);
    expect(names(store.byIndex('team', 'z'))).to.deep.equal(['a']);
    store.apply('DELETED', object('a', '4', { team: 'z' }));
    expect(store.byIndex('team', 'z')).to.deep.equal([]);
    expect(() => store.byIndex('colour', 'red')).to.throw('there is no index colour');
  });

  it('knows how far it has seen', () => {
    const store = createStore({});
    expect(store.resourceVersion()).to.equal(undefined);
    store.replace([], '10');
    store.apply('ADDED', object('a', '12'));
    store.bookmark('11');
    expect(store.resourceVersion()).to.equal('12');
    store.bookmark('100');
    expect(store.resourceVersion()).to.equal('100');
  });

  it('ends in the same state whatever duplicates are mixed in and however late old events arrive', () => {
    const history = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c'), gone: fc.boolean() }), { maxLength: 20 });
    fc.assert(
      fc.property(history, fc.array(fc.nat(), { maxLength: 20 }), (steps, echoes) => {
        const events = steps.map((s, i) => ({ type: s.gone ? ('DELETED' as const) : ('MODIFIED' as const), object: object(s.name, String(i + 1)) }));
        const plain = createStore(byTeam);
        const noisy = createStore(byTeam);
        events.forEach((e, i) => {
          plain.apply(e.type, e.object);
          noisy.apply(e.type, e.object);
          const echo = events[(echoes[i] ?? 0) % (i + 1)];
          // A server never repeats events of an object that is gone; of one that is there it may.
          if (echo && noisy.get('ns', echo.object.metadata.name ?? '')) noisy.apply(echo.type, echo.object);
        });
        expect(noisy.list()).to.deep.equal(plain.list());
      }),
    );
  });
});

describe('compareVersions', () => {
  it('compares as numbers of any length', () => {
    expect(compareVersions('9', '10')).to.be.below(0);
    expect(compareVersions('99999999999999999999', '99999999999999999998')).to.be.above(0);
    expect(compareVersions('7', '7')).to.equal(0);
    expect(compareVersions(undefined, '7')).to.equal(0);
    expect(compareVersions('x', '7')).to.equal(0);
  });
});
