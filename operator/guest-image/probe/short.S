// SPDX-License-Identifier: Apache-2.0
// The probe guest under TCG: a kernel by the Multiboot specification that says on the serial port that it
// runs, and ends the machine. TCG is a program like any other: where it gets from the reset vector
// through the firmware to here, it runs guests, and a whole kernel would tell no more for ten
// times the processor time.
#define MULTIBOOT_MAGIC 0x1badb002
#define SERIAL_PORT 0x3f8
#define EXIT_PORT 0xf4

.code32
.long MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC
.globl _start
_start:
  cld
  movl $message, %esi
next:
  lodsb
  movw $SERIAL_PORT, %dx
  testb %al, %al
  jz end
  outb %al, %dx
  jmp next
end:
  movw $EXIT_PORT, %dx
  outb %al, %dx
halt:
  hlt
  jmp halt
message:
  .asciz "KILONOVA-PROBE ok\n"
