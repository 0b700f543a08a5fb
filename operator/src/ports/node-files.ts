// SPDX-License-Identifier: Apache-2.0

/**
 * Small text files on the node's disk that are the agent's own. Throws PortError `FileFailed` with
 * what the system said, for example that the disk is full.
 */
export interface NodeFiles {
  /** The file's text, or undefined when there is no such file. */
  read(path: string): Promise<string | undefined>;
  /**
   * Replaces the file as a whole, making its directory if need be. Done when it is on the disk: after
   * a crash at any moment the file holds the old text or the new one.
   */
  write(path: string, text: string): Promise<void>;
  /** Safe to call again. */
  remove(path: string): Promise<void>;
  /** The names in a directory; none when there is no such directory. */
  list(directory: string): Promise<readonly string[]>;
}
