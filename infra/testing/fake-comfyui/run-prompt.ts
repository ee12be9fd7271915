import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import sharp from 'sharp'
import { sleep } from '../../src/runtime/timers.ts'
import { findInput, type Prompt } from './prompt.ts'

/** A file of an output node, as the history lists it. */
export interface OutputFile {
  filename: string
  subfolder: string
  type: 'output'
}

export interface RunOptions {
  /** Folder of the server: its files outlive it. */
  directory: string
  /** Image that its nodes write instead of one that is rendered. */
  image: Uint8Array | null
  stepMs: number
  signal: AbortSignal
  send: (message: { type: string; data: Record<string, unknown> }) => void
  sendPreview: (image: Uint8Array) => void
}

const MAX_STEPS = 20
const PREVIEW_SIDE = 64

/** Runs a prompt: its steps, then its files. @returns the files by node @throws the signal's reason */
export async function runPrompt(
  prompt: Prompt,
  options: RunOptions,
): Promise<Record<string, { images: OutputFile[] }>> {
  const { graph, id } = prompt
  const steps = Math.min(MAX_STEPS, Number(findInput(graph, 'steps') ?? 4))
  const sampler = Object.keys(graph).find(node => graph[node]?.class_type === 'KSampler') ?? '1'
  options.send({ type: 'execution_start', data: { prompt_id: id } })
  options.send({ type: 'execution_cached', data: { nodes: [], prompt_id: id } })
  options.send({ type: 'executing', data: { node: sampler, prompt_id: id } })
  for (let step = 1; step <= steps; step += 1) {
    await sleep(options.stepMs, options.signal)
    options.signal.throwIfAborted()
    options.send({ type: 'progress', data: { value: step, max: steps, prompt_id: id, node: sampler } })
    const state = { value: step, max: steps, state: 'running', node_id: sampler, prompt_id: id }
    options.send({ type: 'progress_state', data: { prompt_id: id, nodes: { [sampler]: state } } })
    options.sendPreview(await renderImage(step / steps, PREVIEW_SIDE, PREVIEW_SIDE, 'jpeg'))
  }
  const saved = Object.entries(graph).filter(([, { class_type }]) => class_type === 'SaveImage')
  const outputs: Record<string, { images: OutputFile[] }> = {}
  for (const [node, { inputs }] of saved)
    outputs[node] = { images: await saveImages(prompt, String(inputs.filename_prefix), options) }
  await appendFile(join(options.directory, 'made.log'), `${id}\n`)
  return outputs
}

/** Writes the images of a node, numbered behind those that are there. @see get_save_image_path in ComfyUI’s folder_paths.py */
async function saveImages(
  { graph }: Prompt,
  prefix: string,
  { directory, image }: Pick<RunOptions, 'directory' | 'image'>,
): Promise<OutputFile[]> {
  const count = Number(findInput(graph, 'batch_size') ?? 1)
  const [width, height] = [Number(findInput(graph, 'width') ?? 512), Number(findInput(graph, 'height') ?? 512)]
  const path = join(directory, 'output', prefix)
  await mkdir(dirname(path), { recursive: true })
  const name = prefix.split('/').at(-1) ?? ''
  const subfolder = prefix.split('/').slice(0, -1).join('/')
  const first = (await readdir(dirname(path))).filter(file => file.startsWith(`${name}_`)).length + 1
  const files: OutputFile[] = []
  for (let number = first; number < first + count; number += 1) {
    const filename = `${name}_${String(number).padStart(5, '0')}_.png`
    const bytes = image ?? (await renderImage((number % 10) / 10, width, height, 'png'))
    await writeFile(join(dirname(path), filename), bytes)
    files.push({ filename, subfolder, type: 'output' })
  }
  return files
}

async function renderImage(shade: number, width: number, height: number, format: 'png' | 'jpeg'): Promise<Uint8Array> {
  const background = { r: Math.round(shade * 200), g: 120, b: 90 }
  return await sharp({ create: { width, height, channels: 3, background } })
    .toFormat(format)
    .toBuffer()
}
