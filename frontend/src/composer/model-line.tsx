import { BUILT_IN_KINDS } from '@darkroom/contracts/enums'
import type { Model } from '@darkroom/contracts/model'
import { Show } from 'solid-js'
import { Icon } from '../ui/icons.tsx'
import { createPersistedChoice } from '../ui/persisted-choice.ts'

const RESERVED_LINE = '\u00a0'

interface ModelLineProps {
  model: Model | undefined
  models: readonly Model[]
  /** Whether the studio offers a model, undefined until that is known. */
  hasModels: boolean | undefined
  /** Whether the way to a connection stands above the composer. */
  isAbove: boolean
}

/** The line of the composer about its models: how to add a connection while there is none, else the note of the selected model. */
export function ModelLine(props: ModelLineProps) {
  const hint = createPersistedChoice('darkroom.connection-hint', ['shown', 'dismissed'])
  const isHintShown = () => hint.selected() === 'shown' && props.models.every(isBuiltIn)
  const note = () => {
    // Reserves a line until the models are known: the composer would move otherwise.
    if (props.hasModels === undefined) return hint.selected() === 'shown' ? RESERVED_LINE : undefined
    return props.model && !isBuiltIn(props.model) ? props.model.note : undefined
  }
  return (
    <Show
      when={props.hasModels && isHintShown()}
      fallback={
        <Show when={note()}>
          {text => (
            <p class="model-note" data-resting={text() === RESERVED_LINE}>
              {text()}
            </p>
          )}
        </Show>
      }
    >
      <p class="model-note connection-hint" data-resting={!props.isAbove} data-above={props.isAbove}>
        <span>
          The demo draws without an AI model. <a href="#settings/connections">Add a connection</a> to use one.
        </span>
        <button type="button" class="quiet icon-only" aria-label="Do not show this again" onClick={hint.selectNext}>
          <Icon name="close" />
        </button>
      </p>
    </Show>
  )
}

function isBuiltIn({ connection }: Model): boolean {
  return BUILT_IN_KINDS.some(kind => kind === connection)
}
