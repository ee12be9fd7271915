const MAX_LINE_LENGTH = 16 * 1024

/**
 * Calls `onLine` for each line of a stream of bytes. Of a line that is longer than 16,384 characters the end is dropped and counted,
 * so that no more than that is in memory, whatever a process writes. The stream is read no faster than `onLine` returns.
 */
export async function forEachLine(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let line = ''
  let dropped = 0
  const append = (text: string) => {
    const available = MAX_LINE_LENGTH - line.length
    line += text.slice(0, available)
    dropped += Math.max(0, text.length - available)
  }
  const end = () => {
    onLine(dropped > 0 ? `${line} … (${dropped} more characters)` : line)
    line = ''
    dropped = 0
  }
  for await (const chunk of stream) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n')
    const last = parts.pop() ?? ''
    for (const part of parts) {
      append(part)
      end()
    }
    append(last)
  }
  if (line !== '') end()
}
