import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { defaultOptions } from '../../api/options.ts';
import type { LLMInferenceServiceConfigStatus } from '../../api/types.ts';
import type { Place } from './story.ts';

/** Throws while a preset does not list all services as its users; they follow half a second later, and of other tests, too. */
export async function presetsCountAll({ admin }: Pick<Place, 'admin'>): Promise<void> {
  const { items: services } = await admin.list(kinds.service);
  const users = services.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  const { items: presets } = await admin.list(kinds.config, defaultOptions.systemNamespace);
  for (const { metadata, status } of presets) {
    const { referencedBy = [] } = (status ?? {}) as LLMInferenceServiceConfigStatus;
    expect(
      referencedBy.map(({ namespace, name }) => `${namespace}/${name}`),
      metadata.name,
    ).to.have.members(users);
  }
}
