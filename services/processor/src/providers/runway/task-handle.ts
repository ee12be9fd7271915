import { ProviderError } from '../adapter.ts'
import { TaskId } from './wire.ts'

/** Formats the handle of a call: the id of its task, and the index of its output in the generation. */
export function formatHandle(id: string, index: number): string {
  return `${id}:${index}`
}

/** Parses a handle. Its id becomes a part of a path. @throws ProviderError `request_unknown` when it is none */
export function parseHandle(handle: string): { id: string; index: number } {
  const [id, index = '', ...rest] = handle.split(':')
  const { data } = TaskId.safeParse(id)
  if (data === undefined || rest.length > 0 || !/^\d{1,3}$/.test(index)) throw new ProviderError('request_unknown')
  return { id: data, index: Number(index) }
}
