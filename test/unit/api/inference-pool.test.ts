import { expect } from 'chai';
import fc from 'fast-check';
import { fromAlphaPoolSpec, poolParents, toAlphaPoolSpec } from '../../../api/inference-pool.ts';
import { isRejection } from '../../../api/rejection.ts';

describe('an InferencePool spec as v1alpha2 (R4.92)', () => {
  const selector = { 'app.kubernetes.io/name': 'demo' };

  it('has a plain selector, one port and an extension reference', () => {
    const alpha = toAlphaPoolSpec({
      selector: { matchLabels: selector },
      targetPorts: [{ number: 8000 }, { number: 8001 }],
      appProtocol: 'http',
      endpointPickerRef: { group: '', kind: 'Service', name: 'demo-epp-service', port: { number: 9002 }, failureMode: 'FailOpen' },
    });
    expect(alpha).to.deep.equal({
      selector,
      targetPortNumber: 8000,
      extensionRef: { group: '', kind: 'Service', name: 'demo-epp-service', portNumber: 9002, failureMode: 'FailOpen' },
    });
  });

  it('always states kind and failure mode, and group and port only where they are set', () => {
    const alpha = toAlphaPoolSpec({ selector: { matchLabels: selector }, targetPorts: [{ number: 8000 }], endpointPickerRef: { name: 'epp' } });
    expect(alpha).to.deep.equal({ selector, targetPortNumber: 8000, extensionRef: { kind: 'Service', name: 'epp', failureMode: 'FailClose' } });
  });

  it('does not exist without target ports (B4.25)', () => {
    expect(isRejection(toAlphaPoolSpec({ selector: { matchLabels: selector }, endpointPickerRef: { name: 'epp' } }))).to.equal(true);
    expect(isRejection(toAlphaPoolSpec({ targetPorts: [], endpointPickerRef: { name: 'epp' } }))).to.equal(true);
  });
});

describe('an InferencePool spec from v1alpha2 (R4.93)', () => {
  const cases: [string, object | undefined, object][] = [
    [
      'completes the kind, the port and the failure mode',
      { name: 'epp' },
      { kind: 'Service', name: 'epp', port: { number: 9002 }, failureMode: 'FailClose' },
    ],
    [
      'takes a zero port for none',
      { name: 'epp', portNumber: 0 },
      { kind: 'Service', name: 'epp', port: { number: 9002 }, failureMode: 'FailClose' },
    ],
    [
      'keeps what is set',
      { group: '', kind: 'Service', name: 'epp', portNumber: 8080, failureMode: 'FailOpen' },
      { group: '', kind: 'Service', name: 'epp', port: { number: 8080 }, failureMode: 'FailOpen' },
    ],
    ['gives other kinds no port', { kind: 'Other', name: 'epp' }, { kind: 'Other', name: 'epp', failureMode: 'FailClose' }],
    ['makes up a nameless reference where there is none', undefined, { kind: 'Service', name: '', port: { number: 9002 }, failureMode: 'FailClose' }],
  ];
  for (const [title, extensionRef, endpointPickerRef] of cases) {
    it(title, () => {
      const v1 = fromAlphaPoolSpec({ selector: { a: 'b' }, targetPortNumber: 8000, ...(extensionRef === undefined ? {} : { extensionRef }) });
      expect(v1).to.deep.equal({ selector: { matchLabels: { a: 'b' } }, targetPorts: [{ number: 8000 }], endpointPickerRef });
    });
  }

  it('gives back a complete v1alpha2 spec unchanged', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
    const spec = fc.record({
      selector: fc.dictionary(word, word, { noNullPrototype: true }),
      targetPortNumber: fc.integer({ min: 1, max: 65535 }),
      extensionRef: fc.record({
        group: word,
        kind: word,
        name: word,
        portNumber: fc.integer({ min: 1, max: 65535 }),
        failureMode: fc.constantFrom('FailOpen', 'FailClose'),
      }),
    });
    fc.assert(
      fc.property(spec, (alpha) => {
        expect(toAlphaPoolSpec(fromAlphaPoolSpec(alpha))).to.deep.equal(alpha);
      }),
    );
  });
});

describe('the parents of an InferencePool', () => {
  const metadata = { name: 'pool', namespace: 'ml' };
  const accepted = { type: 'Accepted', status: 'True' as const, reason: 'Accepted' };

  it('are in status.parents of v1 and in status.parent of v1alpha2', () => {
    const parent = { parentRef: { name: 'gw' }, conditions: [accepted] };
    expect(poolParents({ metadata, status: { parents: [parent] } })).to.deep.equal([parent]);
    expect(poolParents({ metadata, status: { parent: [parent] } })).to.deep.equal([parent]);
    expect(poolParents({ metadata })).to.deep.equal([]);
  });

  it('do not include what the v1alpha2 CRD fills in before any gateway looked (R4.93)', () => {
    const pending = { type: 'Accepted', status: 'Unknown' as const, reason: 'Pending' };
    const parents = poolParents({
      metadata,
      status: {
        parent: [
          { parentRef: { kind: 'Status', name: 'default' }, conditions: [pending] },
          { parentRef: { name: 'gw' }, conditions: [pending, { type: 'Accepted', status: 'False', reason: 'NotSupportedByGateway' }] },
        ],
      },
    });
    expect(parents).to.deep.equal([
      { parentRef: { name: 'gw' }, conditions: [{ type: 'Accepted', status: 'False', reason: 'NotSupportedByParent' }] },
    ]);
  });
});
