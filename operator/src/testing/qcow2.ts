// SPDX-License-Identifier: Apache-2.0

const clusterBits = 16;
const clusterBytes = 2 ** clusterBits;
const headerBytes = 104;

/** What a test wants to be said in the header of a qcow2 file. */
export interface Qcow2Options {
  /** The raw file that clusters which are not allocated are read from. */
  readonly backingFile?: string;
}

/** Type of the header's extension that names the backing file's format. */
const backingFormatExtension = 0xe2792aca;

/**
 * The smallest qcow2 file (version 3) of a disk of `sizeMib` that reads as zeros: the header, the
 * refcounts of its four clusters, and an empty table of clusters. For disks below 512 MiB.
 */
export function emptyQcow2(sizeMib: number, options: Qcow2Options = {}): Uint8Array {
  const file = Buffer.alloc(4 * clusterBytes);
  file.write("QFI\xfb", 0, "latin1");
  file.writeUInt32BE(3, 4);
  file.writeUInt32BE(clusterBits, 20);
  file.writeBigUInt64BE(BigInt(sizeMib) * 2n ** 20n, 24);
  // One entry of the level 1 table stands for 512 MiB.
  file.writeUInt32BE(1, 36);
  file.writeBigUInt64BE(BigInt(3 * clusterBytes), 40);
  file.writeBigUInt64BE(BigInt(clusterBytes), 48);
  file.writeUInt32BE(1, 56);
  // Refcounts have 2^4 bits.
  file.writeUInt32BE(4, 96);
  file.writeUInt32BE(headerBytes, 100);
  if (options.backingFile !== undefined) {
    file.writeUInt32BE(backingFormatExtension, headerBytes);
    file.writeUInt32BE("raw".length, headerBytes + 4);
    file.write("raw", headerBytes + 8, "latin1");
    // After the extension, padded to 8 bytes, and the one that ends them all.
    const nameOffset = headerBytes + 24;
    file.writeBigUInt64BE(BigInt(nameOffset), 8);
    file.writeUInt32BE(options.backingFile.length, 16);
    file.write(options.backingFile, nameOffset, "latin1");
  }
  file.writeBigUInt64BE(BigInt(2 * clusterBytes), clusterBytes);
  for (let cluster = 0; cluster < 4; cluster += 1) {
    file.writeUInt16BE(1, 2 * clusterBytes + 2 * cluster);
  }
  return file;
}
