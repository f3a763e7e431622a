# Chooses the slot with which to start. The counters are those of RAUC's U-Boot backend: an update resets its slot's
# counter, a start takes one off, the running system sets it back to 3 when its self-check has passed.
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 0
# From now on this script and nothing else: no wait in which a key opens U-Boot's prompt, no start from a USB stick
# (and Linux finds no USB where U-Boot has begun with it).
setenv bootdelay -2
setenv bootcmd "load mmc 0:1 0x02400000 boot.scr && source 0x02400000; reset"
# Not saveenv: that would write the board's number, from which the data partition's key is made, on the card beside it,
# and the place of this board's device tree, for ever.
setenv keep "env export -c -s 0x4000 0x05000000 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT bootcmd bootdelay && fatwrite mmc 0:1 0x05000000 uboot.env 0x4000"
setenv chosen
for name in "${BOOT_ORDER}"; do
    if test "x${chosen}" != "x"; then
        true
    elif test "x${name}" = "xA" -a ${BOOT_A_LEFT} -gt 0; then
        setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
        setenv chosen a
        setenv bootname A
        setenv part 2
    elif test "x${name}" = "xB" -a ${BOOT_B_LEFT} -gt 0; then
        setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
        setenv chosen b
        setenv bootname B
        setenv part 3
    fi
done
if test "x${chosen}" = "x"; then
    # All have had their tries: begin again rather than stay dark; a slot without a kernel gets none.
    if test -e mmc 0:2 kernel.gz; then setenv BOOT_A_LEFT 3; fi
    if test -e mmc 0:3 kernel.gz; then setenv BOOT_B_LEFT 3; fi
    run keep
    reset
fi
run keep
echo "comptoir: slot ${bootname}, tries left A ${BOOT_A_LEFT} B ${BOOT_B_LEFT}"
setenv kernel_comp_addr_r 0x10000000
setenv kernel_comp_size 0x4000000
setenv fdt_high ffffffffffffffff
setenv initrd_high ffffffffffffffff
setenv bootargs "@CMDLINE@ comptoir.slot=${chosen} rauc.slot=${bootname}"
# Away from 0x08000000, where a device tree may lie.
load mmc 0:${part} 0x0c000000 kernel.gz
load mmc 0:${part} 0x06000000 initrd
booti 0x0c000000 0x06000000:${filesize} ${fdt_addr}
# Not reached when the kernel starts: the next try takes another one off.
reset
