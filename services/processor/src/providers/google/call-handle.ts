import { ProviderError } from '../adapter.ts'
import { InteractionId, OperationName } from './wire.ts'

/** A call that Google has taken: where it is found, and the index of its output in the generation. */
export interface TakenCall {
  kind: 'interaction' | 'operation'
  /** Id of the interaction, or name of the operation. */
  name: string
  index: number
}

/** Formats the handle of a call. */
export function formatHandle({ kind, name, index }: TakenCall): string {
  return `${kind}:${index}:${name}`
}

/** Parses a handle. Its name becomes a part of a path. @throws ProviderError `request_unknown` when it is none */
export function parseHandle(handle: string): TakenCall {
  const [, kind, index, name] = /^(interaction|operation):(\d{1,3}):(.+)$/s.exec(handle) ?? []
  const { data } = (kind === 'operation' ? OperationName : InteractionId).safeParse(name)
  if (data === undefined) throw new ProviderError('request_unknown')
  return { kind: kind === 'operation' ? 'operation' : 'interaction', name: data, index: Number(index) }
}
