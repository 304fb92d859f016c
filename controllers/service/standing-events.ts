import type { EventText } from '../../api/event-text.ts';

/** Which events about standing states were told of each object, so that they are told when a state begins and not in every pass (B5.21). */
export interface StandingEvents {
  /** Those of a pass's texts that are to be told. What is not among the texts has ended, and is told again when it comes back. */
  news(uid: string, texts: readonly EventText[]): EventText[];
  forget(uid: string): void;
}

/** Kept in memory: a new process tells once more what still stands. */
export function createStandingEvents(): StandingEvents {
  const told = new Map<string, ReadonlySet<string>>();
  const keyOf = ({ type, reason, message }: EventText): string => JSON.stringify([type, reason, message]);
  return {
    news(uid, texts) {
      const before = told.get(uid);
      const standing = new Set(texts.filter((text) => text.standing).map(keyOf));
      if (standing.size > 0) told.set(uid, standing);
      else told.delete(uid);
      return texts.filter((text) => !text.standing || !before?.has(keyOf(text)));
    },
    forget: (uid) => {
      told.delete(uid);
    },
  };
}
