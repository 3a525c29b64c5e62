package prefetch

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

func mapMemory(n int64) ([]byte, error) {
	return virtualAlloc(n, windows.MEM_RESERVE|windows.MEM_COMMIT)
}

func reserveAddresses(n int64) ([]byte, error) { return virtualAlloc(n, windows.MEM_RESERVE) }

func virtualAlloc(n int64, how uint32) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	addr, err := windows.VirtualAlloc(0, uintptr(n), how, windows.PAGE_READWRITE)
	if err != nil {
		return nil, err
	}
	// The address is no Go pointer and never moves; reading it through a
	// pointer to the variable says so to vet.
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&addr)), n), nil
}

func commitMemory(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	_, err := windows.VirtualAlloc(uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), windows.MEM_COMMIT, windows.PAGE_READWRITE)
	return err
}

func decommitMemory(b []byte) {
	if len(b) > 0 {
		_ = windows.VirtualFree(uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), windows.MEM_DECOMMIT)
	}
}

func unmapMemory(b []byte) {
	if len(b) > 0 {
		_ = windows.VirtualFree(uintptr(unsafe.Pointer(&b[0])), 0, windows.MEM_RELEASE)
	}
}
