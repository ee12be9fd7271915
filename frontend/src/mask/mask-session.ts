import { createEffect, createSignal, onCleanup } from 'solid-js'
import { encodeMaskPng } from './encode-png.ts'
import { createMaskDocument } from './mask-document.ts'
import { createMaskKeys } from './mask-keys.ts'
import { createMaskOverlay } from './mask-overlay.ts'
import type { MaskSubmission, MaskWorkspaceProps } from './mask-target.ts'
import { createMaskTools } from './mask-tools.ts'
import type { Rect } from './rasterise.ts'
import { createStageView } from './stage-view.ts'

/** Creates the work on one image: its mask, the tools, the view, and the drawing of the mask. */
export function createMaskSession(props: MaskWorkspaceProps) {
  const [prompt, setPrompt] = createSignal(props.draft.prompt)
  const [isSending, setSending] = createSignal(false)
  let overlay: ReturnType<typeof createMaskOverlay> | undefined
  let isSent = false
  const redraw = createFrameRequest(() => overlay?.draw(stageView.view(), stageView.stage()))
  const onChange = (rect: Rect) => {
    overlay?.update(rect)
    redraw()
  }
  const mask = createMaskDocument({ size: props.image, history: props.draft.history, onChange })
  const tools = createMaskTools(props.image)
  const stageView = createStageView(props.image)
  const invert = () => mask.apply({ kind: 'invert' })
  const clear = () => !mask.isEmpty() && mask.apply({ kind: 'clear' })
  const onKey = createMaskKeys({ document: mask, tools, ...stageView, invert, clear })

  createEffect(() => {
    stageView.view()
    stageView.stage()
    redraw()
  })
  onCleanup(() => {
    mask.end()
    props.onSaveDraft({ history: mask.history(), prompt: isSent ? '' : prompt() })
  })

  function mountCanvas(canvas: HTMLCanvasElement) {
    // Its colours are known once it is in the page.
    queueMicrotask(() => {
      overlay = createMaskOverlay(canvas, mask.raster)
      onChange({ left: 0, top: 0, right: props.image.width, bottom: props.image.height })
    })
  }

  async function send(model: MaskSubmission['model'], numOutputs: number) {
    if (isSending()) return
    setSending(true)
    mask.end()
    const png = mask.isEmpty() ? null : await encodeMaskPng(mask.raster)
    isSent = true
    props.onSend({ ...props.target, model, prompt: prompt(), numOutputs, mask: png })
  }

  return { mask, tools, stageView, invert, clear, onKey, mountCanvas, send, isSending, prompt, setPrompt }
}

/** Returns a function that runs a callback in the next frame, once however often it is called. */
function createFrameRequest(run: () => void): () => void {
  let frame: number | undefined
  onCleanup(() => frame !== undefined && cancelAnimationFrame(frame))
  return () => {
    frame ??= requestAnimationFrame(() => {
      frame = undefined
      run()
    })
  }
}
