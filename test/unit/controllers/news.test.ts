import { expect } from 'chai';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { createNews } from '../../../controllers/service/news.ts';

const at = (resourceVersion: string): KubeObject => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'qwen', resourceVersion } });

describe('news of a service', () => {
  const key = 'ns/qwen';
  let known: Set<string>;
  let woken: string[];
  const open = () => {
    known = new Set();
    woken = [];
    return createNews(
      (asked) => woken.push(asked),
      ({ metadata }) => known.has(metadata.resourceVersion ?? ''),
    );
  };

  it('are a state it has not been read in', () => {
    const news = open();
    news.ofService(key, at('9'));
    news.begin(key);
    news.startFrom(key, at('10'));
    news.end(key, 'completed');
    news.ofService(key, at('10'));
    news.ofService(key, at('9'));
    expect(woken).to.deep.equal([key]);
    news.ofService(key, at('11'));
    expect(woken).to.deep.equal([key, key]);
  });

  it('are not what the pass has written, however early that comes back', () => {
    const news = open();
    news.begin(key);
    news.ofService(key, at('2'));
    news.ofChild(key, at('3'));
    news.startFrom(key, at('2'));
    known.add('3');
    news.end(key, 'completed');
    known.add('4');
    news.ofChild(key, at('4'));
    expect(woken).to.deep.equal([]);
  });

  it('that come during a pass lead to one more when it has ended (R3.1a)', () => {
    const news = open();
    news.begin(key);
    news.ofChild(key, at('3'));
    news.ofChild(key, at('4'));
    known.add('3');
    expect(woken).to.deep.equal([]);
    news.end(key, 'completed');
    expect(woken).to.deep.equal([key]);
  });

  it('of other services do not wait', () => {
    const news = open();
    news.begin(key);
    news.ofChild('ns/phi', at('3'));
    expect(woken).to.deep.equal(['ns/phi']);
  });

  it('are all that came while a pass failed', () => {
    const news = open();
    news.begin(key);
    news.ofChild(key, at('3'));
    known.add('3');
    news.end(key, 'failed');
    expect(woken).to.deep.equal([key]);
  });

  it('are versions that cannot be compared, and the first of a service that was forgotten', () => {
    const news = open();
    news.startFrom(key, at('10'));
    news.ofService(key, at('x'));
    expect(woken).to.deep.equal([key]);
    news.forget(key);
    news.ofService(key, at('10'));
    expect(woken).to.deep.equal([key, key]);
  });
});
