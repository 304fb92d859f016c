import { expect } from 'chai';
import { EVERYWHERE, type Question } from '../../../api/inquiry.ts';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { createDependencies } from '../../../controllers/dependencies.ts';

const get = (name: string, namespace = 'ns'): Question => ({ ask: 'get', kind: kinds.gateway, namespace, name, fresh: false });
const list = (labels: Record<string, string>, namespace = 'ns'): Question => ({ ask: 'list', kind: kinds.coreService, namespace, labels });
const gateway = (name: string, namespace = 'ns'): KubeObject => ({
  apiVersion: kinds.gateway.apiVersion,
  kind: 'Gateway',
  metadata: { name, namespace },
});
const labelled = (labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's', namespace: 'ns', labels },
});

describe('dependencies', () => {
  it('find who asked about an object, whether it existed or not', () => {
    const dependencies = createDependencies();
    dependencies.record('ns/a', [get('g'), get('other')]);
    dependencies.record('ns/b', [get('g')]);
    expect([...dependencies.dependents(kinds.gateway, gateway('g'))]).to.deep.equal(['ns/a', 'ns/b']);
    expect([...dependencies.dependents(kinds.gateway, gateway('g', 'elsewhere'))]).to.deep.equal([]);
    expect([...dependencies.dependents(kinds.httpRoute, gateway('g'))]).to.deep.equal([]);
  });

  it('find who asked anything about a kind, also whether it is served', () => {
    const dependencies = createDependencies();
    dependencies.record('ns/a', [get('g')]);
    dependencies.record('ns/b', [{ ask: 'served', kind: kinds.gateway }]);
    dependencies.record('ns/c', [{ ask: 'served', kind: kinds.httpRoute }]);
    expect([...dependencies.dependentsOfKind(kinds.gateway)]).to.have.members(['ns/a', 'ns/b']);
    dependencies.forget('ns/b');
    expect([...dependencies.dependentsOfKind(kinds.gateway)]).to.deep.equal(['ns/a']);
  });

  it('find who listed objects with such labels', () => {
    const dependencies = createDependencies();
    dependencies.record('ns/a', [list({ app: 'x' }), list({ app: 'y' })]);
    expect([...dependencies.dependents(kinds.coreService, labelled({ app: 'y', more: 'z' }))]).to.deep.equal(['ns/a']);
    expect([...dependencies.dependents(kinds.coreService, labelled({ app: 'z' }))]).to.deep.equal([]);
  });

  it('find who listed all of a namespace, and who listed all namespaces', () => {
    const dependencies = createDependencies();
    dependencies.record('ns/a', [list({})]);
    dependencies.record('ns/b', [list({ app: 'x', tier: 'y' }, EVERYWHERE)]);
    dependencies.record('ns/c', [list({ app: 'x' }, 'elsewhere')]);
    expect([...dependencies.dependents(kinds.coreService, labelled({ tier: 'y', app: 'x' }))]).to.have.members(['ns/a', 'ns/b']);
    expect([...dependencies.dependents(kinds.coreService, labelled({ app: 'x' }))]).to.deep.equal(['ns/a']);
    expect([...dependencies.dependents(kinds.coreService, { ...labelled({}), metadata: { name: 's', namespace: 'ns' } })]).to.deep.equal(['ns/a']);
  });

  it('find who asked for services by a key of an index, whether there were any or not (B5.27)', () => {
    const dependencies = createDependencies();
    const sharing = (by: 'group' | 'model', ...keys: string[]): Question => ({
      ask: 'list',
      kind: kinds.service,
      namespace: 'ns',
      labels: {},
      indexed: { by, keys },
    });
    dependencies.record('ns/a', [sharing('model', 'x', 'y')]);
    dependencies.record('ns/b', [sharing('model', 'y'), sharing('group', 'x')]);
    expect([...dependencies.dependentsOnIndex('ns', 'model', 'y')]).to.deep.equal(['ns/a', 'ns/b']);
    expect([...dependencies.dependentsOnIndex('ns', 'group', 'x')]).to.deep.equal(['ns/b']);
    expect([...dependencies.dependentsOnIndex('elsewhere', 'model', 'y')]).to.deep.equal([]);
    dependencies.forget('ns/b');
    expect([...dependencies.dependentsOnIndex('ns', 'model', 'y')]).to.deep.equal(['ns/a']);
    expect([...dependencies.dependentsOnIndex('ns', 'group', 'x')]).to.deep.equal([]);
  });

  it('hold from the moment a question is asked until a pass ends without it', () => {
    const dependencies = createDependencies();
    dependencies.record('ns/a', [get('old')]);
    dependencies.add('ns/a', get('new'));
    expect([...dependencies.dependents(kinds.gateway, gateway('new'))]).to.deep.equal(['ns/a']);
    expect([...dependencies.dependents(kinds.gateway, gateway('old'))]).to.deep.equal(['ns/a']);
    dependencies.record('ns/a', [get('new')]);
    expect([...dependencies.dependents(kinds.gateway, gateway('old'))]).to.deep.equal([]);
    dependencies.forget('ns/a');
    expect([...dependencies.dependents(kinds.gateway, gateway('new'))]).to.deep.equal([]);
  });
});
