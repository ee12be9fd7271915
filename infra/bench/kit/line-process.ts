/** A program of a benchmark in a process of its own, spoken to by lines. */
export interface LineProcess extends AsyncDisposable {
  pid: number
  /** The first line that it wrote: its address, its result, or that it is ready. */
  firstLine: string
  /** Writes a line to the program. @returns the line that it answers with */
  request(): Promise<string>
}

export interface LineProcessOptions {
  /** Runs it with the least priority there is (nice 19). */
  isNice?: boolean
}

/** Starts a program and waits for its first line. @throws Error if it ends before it has written one */
export async function startLineProcess(
  script: string,
  args: readonly string[] = [],
  { isNice = false }: LineProcessOptions = {},
): Promise<LineProcess> {
  const prefix = isNice ? ['nice', '-n', '19'] : []
  const child = Bun.spawn([...prefix, process.execPath, script, ...args], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const lines = splitLines(child.stdout)
  const readLine = async () => {
    const { done, value } = await lines.next()
    if (done) throw new Error(`${script} ended before it wrote a line`)
    return value
  }
  return {
    pid: child.pid,
    firstLine: await readLine(),
    request: async () => {
      child.stdin.write('\n')
      await child.stdin.flush()
      return await readLine()
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await child.exited
    },
  }
}

async function* splitLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    yield* lines
  }
}
