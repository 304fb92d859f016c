import { expect } from 'chai';
import { renderCaBundleCopy } from '../../../render/ca-bundle.ts';
import { ask } from '../../support/answers.ts';
import { NAMESPACE, workloadContext } from '../../support/workload-fixtures.ts';

const configMap = (name: string, namespace: string, data?: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  ...(data ? { data } : {}),
});
const source = configMap('bundle', 'kserve', { 'cabundle.crt': 'pem', other: 'x' });
const copyFor = (objects: readonly object[], caBundleConfigMapName = 'bundle') =>
  ask(renderCaBundleCopy(workloadContext({ storage: { caBundleConfigMapName } })), objects);

describe('the copy of the CA bundle', () => {
  const wanted = configMap('global-ca-bundle', NAMESPACE, { 'cabundle.crt': 'pem' });

  it('is not made where no bundle is configured', () => expect(copyFor([source], '')).to.equal(undefined));
  it('is made in the namespace of the service, without owner and labels', () => expect(copyFor([source])).to.deep.equal(wanted));
  it('replaces one that differs', () => {
    expect(copyFor([source, configMap('global-ca-bundle', NAMESPACE, { 'cabundle.crt': 'old', more: 'x' })])).to.deep.equal(wanted);
  });
  it('is left alone when only its other keys differ', () => {
    expect(copyFor([source, configMap('global-ca-bundle', NAMESPACE, { 'cabundle.crt': 'pem', more: 'x' })])).to.equal(undefined);
  });
  it('needs its source', () => expect(copyFor([])).to.have.property('message', 'failed to get configmap bundle from the cluster'));
  for (const data of [undefined, {}, { 'cabundle.crt': '' }]) {
    it(`needs a bundle in its source, unlike ${JSON.stringify(data)}`, () => {
      const { message } = copyFor([configMap('bundle', 'kserve', data)]) as { message: string };
      expect(message).to.contain('specified cabundle file cabundle.crt not found in cabundle configmap');
    });
  }
});
