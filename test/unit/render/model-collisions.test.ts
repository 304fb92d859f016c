import { expect } from 'chai';
import { answer, type Question } from '../../../api/inquiry.ts';
import { kinds } from '../../../api/kinds.ts';
import type { LLMInferenceService } from '../../../api/types.ts';
import { namesToCompareAgain, reportCollisions } from '../../../render/model-collisions.ts';
import { answersFrom, ask } from '../../support/answers.ts';
import { context, service } from '../../support/router-fixtures.ts';

describe('collisions of model names', () => {
  const declares = (name: string, model: string | undefined, extra: object = {}) =>
    service({ name, spec: { model: { uri: 'x', ...(model ? { name: model } : {}), ...extra } } });
  const adapters = (...names: string[]) => ({ lora: { adapters: names.map((name) => ({ name, uri: 'x' })) } });
  const published = (name: string, ...models: string[]) =>
    service({ name, status: { addresses: [{ url: 'http://x', models: models.map((m) => ({ name: m })) }] } });
  const own = { model: { uri: 'x', name: 'base', ...adapters('sql') } };
  const collidingEvent = (others: object[], route: object = {}) => ask(reportCollisions(context({ spec: { ...own, router: { route } } })), others);

  const none: [string, object[], object?][] = [
    ['different names', [declares('b', 'other'), published('c', 'publishers/ns/models/other')]],
    ['the service itself', [declares('llama', 'base')]],
    ['the same group', [service({ name: 'b', spec: { model: { uri: 'x', name: 'base' }, router: { route: { group: 'g' } } } })], { group: 'g' }],
    ['a terminating peer', [service({ name: 'b', deletionTimestamp: '2026-01-01T00:00:00Z', spec: { model: { uri: 'x', name: 'base' } } })]],
  ];
  for (const [what, others, route] of none) {
    it(`finds none with ${what}`, () => expect(collidingEvent(others, route)).to.equal(undefined));
  }

  const some: [string, object[], object?][] = [
    ['the same base name', [published('b', 'publishers/ns/models/base', 'base')]],
    ['own adapter and base of a peer', [published('b', 'publishers/ns/models/sql')]],
    ['own base and adapter of a peer', [published('b', 'publishers/ns/models/x', 'publishers/ns/models/base')]],
    ['different groups', [service({ name: 'b', spec: { model: { uri: 'x', name: 'base' }, router: { route: { group: 'h' } } } })], { group: 'g' }],
    ['one grouped, one not', [declares('b', 'base')], { group: 'g' }],
    ['a defaulted name', [declares('base', undefined)]],
    ['a peer without status', [declares('b', 'x', adapters('sql'))]],
  ];
  for (const [what, others, route] of some) {
    it(`finds one with ${what}`, () => expect(collidingEvent(others, route)).to.include({ type: 'Warning', reason: 'ModelNameCollision' }));
  }

  it('looks only at services that claim one of its names (B5.27)', () => {
    const asked: Question[] = [];
    const respond = answersFrom([declares('b', 'base')]);
    answer(reportCollisions(context({ spec: own })), (question) => {
      asked.push(question);
      return respond(question);
    });
    const indexed = { by: 'model', keys: ['publishers/ns/models/base', 'publishers/ns/models/sql'] };
    expect(asked).to.deep.equal([{ ask: 'list', kind: kinds.service, namespace: 'ns', labels: {}, indexed }]);
  });

  const grouped = (group: string) => service({ name: 'b', spec: { model: { uri: 'x', name: 'base' }, router: { route: { group } } } });
  const going = service({ name: 'b', deletionTimestamp: '2026-01-01T00:00:00Z', spec: { model: { uri: 'x', name: 'base' } } });
  const base = 'publishers/ns/models/base';
  const changes: [string, LLMInferenceService | undefined, LLMInferenceService | undefined, string[]][] = [
    ['create', undefined, declares('b', 'base', adapters('sql')), [base, 'publishers/ns/models/sql']],
    ['delete', declares('b', 'base'), undefined, [base]],
    ['termination', declares('b', 'base'), going, [base]],
    ['the end of a terminating one', going, undefined, []],
    ['another name', declares('b', 'base'), declares('b', 'new'), [base, 'publishers/ns/models/new']],
    ['an adapter more', declares('b', 'base'), declares('b', 'base', adapters('sql')), ['publishers/ns/models/sql']],
    ['names published as declared', declares('b', 'base'), { ...declares('b', 'base'), ...published('b', base) }, []],
    ['another group', grouped('g'), grouped('h'), [base]],
    ['nothing', grouped('g'), grouped('g'), []],
  ];
  for (const [what, before, after, names] of changes) {
    it(`has ${names.length > 0 ? `users of ${names.join(' and ')}` : 'nobody'} look again on ${what}`, () =>
      expect(namesToCompareAgain(before, after)).to.deep.equal(names));
  }

  it('says the same to a crowd, whoever joins it', () => {
    const crowd = (size: number) => collidingEvent(Array.from({ length: size }, (_, i) => declares(`peer-${String(i).padStart(2, '0')}`, 'base')));
    expect(crowd(11)?.message).to.contain(' peer-08, peer-09 and others in namespace ns');
    expect(crowd(12)).to.deep.equal(crowd(11));
    expect(crowd(10)?.message).to.contain(' peer-08, peer-09 in namespace ns');
  });

  it('names model, services and namespace, sorted', () => {
    expect(collidingEvent([declares('z', 'base'), declares('b', 'base')])?.message).to.equal(
      'Model name "base" is also served by b, z in namespace ns: the gateway will shadow one of them on shared publisher paths and ' +
        'model-routing headers. This service stays reachable under /ns/llama.',
    );
  });
});
