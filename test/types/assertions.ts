/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters, @typescript-eslint/no-unused-vars --
   the parameters are all that there is */
import { expect } from 'chai'

// Compiling the files of this folder is the test, in both dialects of decorators: a line under @ts-expect-error that compiles
// is an error. At run time, the tests only create the classes.

/** The dialect that this file was compiled for. test/standard compiles the folder again. */
export const DIALECT = import.meta.url.includes('/standard/') ? 'standard' : 'legacy'

/** True if two types are the same. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles if its type argument is true. */
export function holds<_T extends true>(): void {}

export function stands(...classes: readonly (new () => object)[]): void {
  for (const each of classes) expect(new each()).to.be.instanceOf(each)
}
