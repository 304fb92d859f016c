import type { KubeObject } from '../../api/kubernetes.ts';
import { compareVersions } from '../runtime/store.ts';

/**
 * Tells events that bring news from echoes: what a pass writes comes back through the watches, and a second pass over it would
 * find nothing new. An event that arrives during a pass is judged when the pass has ended, because an echo can be faster than
 * the answer to the write.
 */
export interface News {
  /** A pass over the key begins. */
  begin(key: string): void;
  /** The pass starts from this state of the service, as it was read or as it was just written. */
  startFrom(key: string, service: KubeObject): void;
  /** The pass has ended. Of one that failed nobody knows how much it has seen, so all that came meanwhile counts as news. */
  end(key: string, outcome: 'completed' | 'failed'): void;
  /** An event of the service itself. */
  ofService(key: string, service: KubeObject): void;
  /** An event of an object the service owns. */
  ofChild(key: string, child: KubeObject): void;
  forget(key: string): void;
}

type Judgement = () => boolean;

/**
 * @param enqueue asks for a pass over a key
 * @param knows whether the object is, in exactly this version, what the last pass wrote or found right
 */
export function createNews(enqueue: (key: string) => void, knows: (object: KubeObject) => boolean): News {
  /** What came during a pass. */
  const held = new Map<string, Judgement[]>();
  const startedFrom = new Map<string, string | undefined>();

  function judge(key: string, isNews: Judgement): void {
    const waiting = held.get(key);
    if (waiting) waiting.push(isNews);
    else if (isNews()) enqueue(key);
  }

  return {
    begin: (key) => {
      held.set(key, []);
    },
    startFrom: (key, service) => {
      startedFrom.set(key, service.metadata.resourceVersion);
    },
    end(key, outcome) {
      const waiting = held.get(key) ?? [];
      held.delete(key);
      if (waiting.some((isNews) => outcome === 'failed' || isNews())) enqueue(key);
    },
    ofService: (key, { metadata }) => judge(key, () => !isUpTo(metadata.resourceVersion, startedFrom.get(key))),
    ofChild: (key, child) => judge(key, () => !knows(child)),
    forget: (key) => {
      startedFrom.delete(key);
    },
  };
}

const isUpTo = (version: string | undefined, seen: string | undefined): boolean =>
  version !== undefined && (version === seen || compareVersions(version, seen) < 0);
