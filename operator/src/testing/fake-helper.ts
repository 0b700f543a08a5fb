// SPDX-License-Identifier: Apache-2.0
import { Unavailable } from "../ports/errors.ts";
import type { CommandOptions, CommandResult, Helper } from "../ports/helper.ts";

type Program = (argv: readonly string[], options: CommandOptions) => Promise<CommandResult>;

/** A helper whose programs are functions of the test. */
export class FakeHelper implements Helper {
  readonly libvirtSocket = "/run/kilonova-helper/libvirt/libvirt-sock";
  isUp = true;
  /** Every command that was run. */
  readonly commands: string[] = [];
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  async run(argv: readonly string[], options: CommandOptions): Promise<CommandResult> {
    if (!this.isUp) throw new Unavailable("the helper container is not up");
    this.commands.push(argv.join(" "));
    return this.#program(argv, options);
  }
}
