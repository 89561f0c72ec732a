import { OnMessage } from 'holdfast'

type Untyped = (...args: readonly unknown[]) => (...target: readonly unknown[]) => void
const Anywhere = OnMessage as Untyped

/** Members that only standard decorators can be put on. */
export class Standard {
  @Anywhere('auto') accessor auto = 1
  @Anywhere('private') #private(): void {}
  @Anywhere('hidden') static #hidden(): void {}
  @OnMessage('kept') kept(): void {
    this.#private()
  }
  static {
    this.#hidden()
  }
}
