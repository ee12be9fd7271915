import type { Dialect } from '@darkroom/contracts/connection'
import type { CompatibleServer } from '@darkroom/contracts/connection-kinds'
import type { Sizes } from '@darkroom/contracts/model'
import type { DialectFields, ListedModel, ServerPreset } from './server-preset.ts'
import { PRESETS } from './server-presets.ts'
import { SIZES_BY_STYLE } from './sizes.ts'

/** A dialect with everything decided: what the user set, else what the check found, else what the server is known for. */
export interface ResolvedDialect {
  server: CompatibleServer
  preset: ServerPreset
  fields: DialectFields
  sizes: Sizes
  /** Price of an output that the user has set; null for that of the model or the server. */
  outputMicros: number | null
  /** Models that the user named; null if the server is to list them. */
  models: readonly ListedModel[] | null
}

/** Styles in which references are part of the request that generates. */
const INLINE_STYLES: readonly DialectFields['references'][] = ['image-url', 'input-references']

/**
 * Resolves a dialect, field by field.
 *
 * @param options.server the server that was recognised, unless the user or the check names one
 */
export function resolveDialect(options: {
  user: Dialect | null
  found: Dialect | null
  server: CompatibleServer | null
}): ResolvedDialect {
  const { server: userServer, ...user } = definedFields(options.user)
  const { server: foundServer, ...found } = definedFields(options.found)
  const server = userServer ?? foundServer ?? options.server ?? 'openai'
  const preset = PRESETS[server]
  // What was found of another server says nothing about the one that the user names.
  const isSameServer = foundServer === undefined || foundServer === server
  const { outputMicros = null, models, ...changed } = { ...(isSameServer ? found : {}), ...user }
  const fields = withEditPath(Object.assign({ ...preset.fields }, changed), changed)
  return {
    server,
    preset,
    fields,
    sizes: fields.sizeStyle === preset.fields.sizeStyle ? preset.sizes : SIZES_BY_STYLE[fields.sizeStyle],
    outputMicros,
    models: models?.length ? models.map(name => ({ name, title: name })) : null,
  }
}

/** Sends references where the changed style expects them, unless a path is set. */
function withEditPath(fields: DialectFields, changed: Dialect): DialectFields {
  const isInline = changed.references !== undefined && INLINE_STYLES.includes(changed.references)
  return isInline && changed.editPath === undefined ? { ...fields, editPath: fields.generatePath } : fields
}

function definedFields(dialect: Dialect | null): Dialect {
  return Object.fromEntries(Object.entries(dialect ?? {}).filter(([, value]) => value !== undefined))
}
