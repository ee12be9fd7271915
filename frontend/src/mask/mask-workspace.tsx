import { onMount } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { MaskPrompt } from './mask-prompt.tsx'
import { createMaskSession } from './mask-session.ts'
import { MaskStage } from './mask-stage.tsx'
import type { MaskWorkspaceProps } from './mask-target.ts'
import { MaskToolbar } from './mask-toolbar.tsx'

/** The mask editor with its image: the tools, the image with its mask, and the prompt. */
export function MaskWorkspace(props: MaskWorkspaceProps) {
  const session = createMaskSession(props)
  const { mask, tools, stageView } = session
  let workspace: HTMLDivElement | undefined
  onMount(() => {
    props.onMount(() => mask.history().done.length + mask.history().settled.length > 0)
    workspace?.addEventListener('keydown', session.onKey)
    workspace?.querySelector<HTMLElement>('.mask-stage')?.focus()
  })
  return (
    <div ref={workspace} class="mask-workspace">
      <header class="mask-header">
        <h2>Change part of this picture</h2>
        <p id="mask-keys">
          Only what you paint is made anew. The rest stays as it is.
          <span class="unseen">
            {' '}
            Arrow keys move the brush, Space or Enter paints, square brackets change its size.
          </span>
        </p>
        <p class="unseen" role="status">
          {formatMarked(mask.markedShare())}
        </p>
        <div class="mask-history">
          <button type="button" class="quiet" disabled={mask.history().done.length === 0} onClick={mask.undo}>
            <Icon name="undo" />
            <span>Undo</span>
          </button>
          <button type="button" class="quiet" disabled={mask.history().undone.length === 0} onClick={mask.redo}>
            <Icon name="redo" />
            <span>Redo</span>
          </button>
          <button type="button" class="quiet icon-only" aria-label="Close the editor" onClick={() => props.onLeave()}>
            <Icon name="close" />
          </button>
        </div>
      </header>
      <MaskToolbar tools={tools} isEmpty={mask.isEmpty()} onInvert={session.invert} onClear={session.clear} />
      <MaskStage
        url={props.target.output.url}
        label={`Mark the part to change of ${props.name}`}
        image={props.image}
        document={mask}
        tools={tools}
        stageView={stageView}
        onCanvas={session.mountCanvas}
      />
      <MaskPrompt
        target={props.target}
        models={props.models}
        editModels={props.editModels}
        prompt={session.prompt()}
        onPrompt={session.setPrompt}
        isEmpty={mask.isEmpty()}
        isSending={session.isSending()}
        onSend={(model, numOutputs) => void session.send(model, numOutputs)}
      />
    </div>
  )
}

/** Formats how much is marked: `Nothing is marked`, `12 % of the picture is marked`. */
function formatMarked(share: number): string {
  if (share === 0) return 'Nothing is marked'
  return share < 0.01
    ? 'Less than 1 % of the picture is marked'
    : `${Math.round(share * 100)} % of the picture is marked`
}
