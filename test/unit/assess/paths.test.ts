import { expect } from 'chai';
import { advertisedPaths } from '../../../assess/paths.ts';
import { HEADER, header, httpRoute, poolBackend, rule, serviceBackend } from '../../support/router-fixtures.ts';

const pool = poolBackend('pool');
const svc = serviceBackend('svc');

describe('advertised paths (R5.57, R5.58)', () => {
  const families = {
    path: [rule('/ns/my-llm/v1/chat/completions', pool), rule('/ns/my-llm', svc)],
    modelRouting: [rule('/v1/chat/completions', pool, header(HEADER))],
    publisher: [rule('/publishers/ns/models/llama-70b', pool)],
  };
  const pathsOf = (...rules: ReturnType<typeof rule>[][]) => advertisedPaths(httpRoute({ rules: rules.flat() }), HEADER).map(({ path }) => path);

  it('has one path per URL family, shallow ones first', () => {
    expect(pathsOf(families.path, families.modelRouting, families.publisher)).to.deep.equal([
      '/ns/my-llm',
      '/v1/chat/completions',
      '/publishers/ns/models/llama-70b',
    ]);
  });

  it('leaves out the path of a family that is left out', () => {
    expect(pathsOf(families.modelRouting, families.publisher)).to.deep.equal(['/v1/chat/completions', '/publishers/ns/models/llama-70b']);
    expect(pathsOf(families.path, families.publisher)).to.deep.equal(['/ns/my-llm', '/publishers/ns/models/llama-70b']);
    expect(pathsOf(families.path, families.modelRouting)).to.deep.equal(['/ns/my-llm', '/v1/chat/completions']);
  });

  it('says which path needs the header to lead to the model (B5.13)', () => {
    const needsHeader = (...rules: ReturnType<typeof rule>[]) =>
      advertisedPaths(httpRoute({ rules }), HEADER).map(({ path, modelRouting }) => [path, modelRouting]);
    const byHeader = rule('/v1', pool, header(HEADER));
    expect(needsHeader(byHeader, rule('/ns/my-llm', svc))).to.deep.equal([
      ['/v1', true],
      ['/ns/my-llm', false],
    ]);
    expect(needsHeader(byHeader, rule('/v1', svc))).to.deep.equal([['/v1', false]]);
    expect(needsHeader()).to.deep.equal([['/', false]]);
  });

  it('does not take services of a namespace called publishers for publishers (B5.13)', () => {
    const model = '/publishers/publishers/models/llama-70b';
    const rules = [rule('/publishers/my-llm', svc), rule(model, svc)];
    expect(advertisedPaths(httpRoute({ namespace: 'publishers', rules }), HEADER).map(({ path }) => path)).to.deep.equal([
      '/publishers/my-llm',
      model,
    ]);
    expect(pathsOf(rules)).to.deep.equal(['/publishers/my-llm']);
  });

  it('takes the first seen of equally shallow paths of one length', () => {
    expect(pathsOf([rule('/ab', svc), rule('/cd', svc)])).to.deep.equal(['/ab']);
  });
});
