import { z } from 'zod'
import { parseJson } from '../http/parse-json.ts'

/** An event of a prompt, as a frame of a server's websocket describes it. */
export type WatchEvent =
  | { kind: 'progress'; fraction: number }
  | { kind: 'preview'; bytes: Uint8Array }
  | { kind: 'ended' }

const Message = z.looseObject({ type: z.string(), data: z.looseObject({ prompt_id: z.string().optional() }) })
const Progress = z.looseObject({ value: z.number(), max: z.number().positive() })
const ProgressState = z.looseObject({
  nodes: z.record(z.string(), z.looseObject({ value: z.number(), max: z.number().positive() })),
})
const PreviewMetadata = z.looseObject({ prompt_id: z.string().optional() })

/** Types of binary frames. @see BinaryEventTypes in ComfyUI’s protocol.py */
const PREVIEW_IMAGE = 1
const PREVIEW_IMAGE_WITH_METADATA = 4
const END_TYPES = ['execution_success', 'execution_error', 'execution_interrupted'] as const
/** A node of fewer steps is no sampler: its progress is not that of the image. */
const MIN_STEPS = 2

/** Parses a text frame of the prompt with this id; undefined if it tells nothing about it. */
export function parseTextFrame(text: string, promptId: string): WatchEvent | undefined {
  const { data: message } = Message.safeParse(parseJson(text))
  if (!message || (message.data.prompt_id !== undefined && message.data.prompt_id !== promptId)) return undefined
  if (END_TYPES.some(type => type === message.type)) return { kind: 'ended' }
  if (message.type === 'progress') return toProgress([Progress.safeParse(message.data).data])
  if (message.type === 'progress_state')
    return toProgress(Object.values(ProgressState.safeParse(message.data).data?.nodes ?? {}))
  return undefined
}

/** Parses a binary frame: 32 bits of its type, then those of the image or the length of metadata, big-endian. */
export function parseBinaryFrame(frame: Uint8Array, promptId: string): WatchEvent | undefined {
  if (frame.byteLength < 8) return undefined
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  const [type, second] = [view.getUint32(0), view.getUint32(4)]
  if (type === PREVIEW_IMAGE) return { kind: 'preview', bytes: frame.slice(8) }
  if (type !== PREVIEW_IMAGE_WITH_METADATA || second > frame.byteLength - 8) return undefined
  const { data } = PreviewMetadata.safeParse(parseJson(new TextDecoder().decode(frame.subarray(8, 8 + second))))
  if (!data || (data.prompt_id !== undefined && data.prompt_id !== promptId)) return undefined
  return { kind: 'preview', bytes: frame.slice(8 + second) }
}

/** Returns the progress of the node with most steps. */
function toProgress(nodes: readonly ({ value: number; max: number } | undefined)[]): WatchEvent | undefined {
  const [longest] = nodes
    .filter(node => node !== undefined)
    .filter(({ max }) => max >= MIN_STEPS)
    .toSorted((a, b) => b.max - a.max)
  return longest && { kind: 'progress', fraction: Math.min(1, Math.max(0, longest.value / longest.max)) }
}
