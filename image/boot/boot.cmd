# Chooses the slot with which to start. The counters are those of RAUC's U-Boot backend: an update resets its slot's
# counter, a start takes one off, the running system sets it back to 3 when its self-check has passed.
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 0
# U-Boot would look at USB sticks first, and start from one; and Linux finds no USB where U-Boot has begun with it.
setenv preboot
setenv chosen
for name in "${BOOT_ORDER}"; do
    if test "x${chosen}" != "x"; then
        true
    elif test "x${name}" = "xA" -a ${BOOT_A_LEFT} -gt 0; then
        setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
        setenv chosen a
        setenv part 2
    elif test "x${name}" = "xB" -a ${BOOT_B_LEFT} -gt 0; then
        setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
        setenv chosen b
        setenv part 3
    fi
done
if test "x${chosen}" = "x"; then
    # Both have had their tries: begin again rather than stay dark; a slot without a kernel gets none.
    if test -e mmc 0:2 kernel.gz; then setenv BOOT_A_LEFT 3; fi
    if test -e mmc 0:3 kernel.gz; then setenv BOOT_B_LEFT 3; fi
    saveenv
    reset
fi
saveenv
setenv kernel_comp_addr_r 0x10000000
setenv kernel_comp_size 0x4000000
setenv bootargs "@CMDLINE@ comptoir.slot=${chosen} rauc.slot=${chosen}"
load mmc 0:${part} 0x08000000 kernel.gz
load mmc 0:${part} 0x06000000 initrd
booti 0x08000000 0x06000000:${filesize} ${fdt_addr}
# Not reached when the kernel starts: the next try takes another one off.
reset
