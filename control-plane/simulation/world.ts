import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';

/** All objects of the cluster that the simulation watches, as last seen. */
export interface World {
  all<T extends KubeObject>(kind: Kind): readonly T[];
}

/** What has to be done about an object. */
export type Action =
  /** Merges these fields into its status. */
  { readonly status: Readonly<Record<string, unknown>> } | { readonly create: KubeObject } | { readonly remove: KubeObject };

/** The behaviour of a controller: what it does about one object, as long as there is something to do. */
export interface Rule<T extends KubeObject = KubeObject> {
  readonly kind: Kind;
  /** Kinds whose changes are a reason to look at all objects of this kind again. */
  readonly dependsOn: readonly Kind[];
  /** Pure. `now` is an RFC 3339 time. An action that would change nothing is left out by the caller. */
  decide(object: T, world: World, now: string): Action[];
}
