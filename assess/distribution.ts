import type { Inquiry } from '../api/inquiry.ts';
import type { Kind } from '../api/kinds.ts';
import type { Rejection } from '../api/rejection.ts';
import type { Context, Stage } from '../render/children.ts';
import type { ResolvedGateway } from '../render/gateways.ts';
import type { DiscoveredUrl } from './urls.ts';

/** What a distribution of Kubernetes adds to the router of a service (R5.6). */
export interface Distribution {
  /**
   * What keeps the managed route from being written, in words for the user; undefined when nothing does. The route is removed then, and
   * the router goes no further, without an error: the pass is repeated when something that was asked about changes (R5.3, step 1).
   */
  unmetPrecondition(context: Context): Inquiry<string | undefined>;
  /** Further objects around the route, or why they cannot be had (R5.3, step 5). Their owner is the service. */
  renderNetworking(context: Context, gateways: readonly ResolvedGateway[]): Inquiry<readonly Stage[]>;
  /** URLs besides those of the gateways, which are given; they are published like these (R5.68). */
  discoverUrls(context: Context, found: readonly DiscoveredUrl[]): Inquiry<readonly DiscoveredUrl[] | Rejection>;
  /** Kinds that are asked about or written besides those the operator knows anyway: their events wake services. They need not be served. */
  readonly watchedKinds: readonly Kind[];
}

/** A cluster that adds nothing. */
export const plainKubernetes: Distribution = {
  // biome-ignore lint/correctness/useYield: there is nothing to ask
  *unmetPrecondition() {
    return undefined;
  },
  // biome-ignore lint/correctness/useYield: there is nothing to ask
  *renderNetworking() {
    return [];
  },
  // biome-ignore lint/correctness/useYield: there is nothing to ask
  *discoverUrls() {
    return [];
  },
  watchedKinds: [],
};
