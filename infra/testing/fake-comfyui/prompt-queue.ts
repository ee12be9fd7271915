import type { Prompt } from './prompt.ts'
import type { OutputFile } from './run-prompt.ts'

/** A prompt that has ended, as the history has it. */
export interface HistoryEntry {
  prompt: Prompt
  outputs: Record<string, { images: OutputFile[] }>
  status: 'success' | 'error' | 'interrupted'
}

export interface PromptQueue {
  add(prompt: Omit<Prompt, 'number'>): number
  /** Removes a prompt that waits. @returns whether it waited */
  remove(id: string): boolean
  /** Stops what runs, if it is this prompt; whatever runs, without an id. @returns whether something was stopped */
  interrupt(id?: string): boolean
  running(): Prompt | undefined
  pending(): Prompt[]
  find(id: string): HistoryEntry | undefined
  history(): HistoryEntry[]
  clearHistory(): void
  close(): Promise<void>
}

/** Creates the queue of the server: one prompt runs at a time. It is in memory, as that of ComfyUI. */
export function createPromptQueue(
  run: (prompt: Prompt, signal: AbortSignal) => Promise<HistoryEntry['outputs']>,
): PromptQueue {
  const waiting: Prompt[] = []
  const ended = new Map<string, HistoryEntry>()
  const closing = new AbortController()
  let current: { prompt: Prompt; stop: AbortController } | undefined
  let wakeup = Promise.withResolvers<void>()
  let number = 0

  const runNext = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const prompt = waiting.shift()
      if (!prompt) {
        await wakeup.promise
        wakeup = Promise.withResolvers()
        continue
      }
      const stop = new AbortController()
      current = { prompt, stop }
      const signal = AbortSignal.any([stop.signal, closing.signal])
      const entry = await run(prompt, signal).then(
        (outputs): HistoryEntry => ({ prompt, outputs, status: 'success' }),
        (): HistoryEntry => ({ prompt, outputs: {}, status: signal.aborted ? 'interrupted' : 'error' }),
      )
      ended.set(prompt.id, entry)
      current = undefined
    }
  }
  const loop = runNext()
  return {
    add: prompt => {
      waiting.push({ ...prompt, number })
      wakeup.resolve()
      return number++
    },
    remove: id => {
      const index = waiting.findIndex(prompt => prompt.id === id)
      if (index >= 0) waiting.splice(index, 1)
      return index >= 0
    },
    interrupt: id => {
      if (!current || (id !== undefined && current.prompt.id !== id)) return false
      current.stop.abort(new Error('interrupted'))
      return true
    },
    running: () => current?.prompt,
    pending: () => [...waiting],
    find: id => ended.get(id),
    history: () => [...ended.values()],
    clearHistory: () => ended.clear(),
    close: async () => {
      closing.abort(new Error('the server stops'))
      wakeup.resolve()
      await loop
    },
  }
}
